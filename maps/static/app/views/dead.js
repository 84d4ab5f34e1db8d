// The list of dead reports, and the one that is open, with its form.

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { repeat } from "../../vendor/lit-html-3.3.3/directives/repeat.js";
import { name, t, timeText } from "../i18n.js";
import { modesView } from "./modes.js";

const DATUMS = ["wgs84", "cgcs2000", "gcj02", "bd09"];

/** @param {any} state @param {any} act */
export function deadView(state, act) {
  const { list, open, degraded, problem, done } = state;
  return html`
    ${modesView(degraded)}
    <p class="quiet">${t("dead.note")}</p>
    ${done ? html`<p class="done" role="status">${done}</p>` : nothing}
    ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
    ${open ? contentView(state, act) : nothing}
    ${list && !list.dead.length ? html`<p class="none">${t("dead.none")}</p>` : nothing}
    ${list?.dead.length ? tableView(list, state.busy, act) : nothing}`;
}

/** @param {any} list @param {boolean} busy @param {any} act */
function tableView({ dead, may }, busy, act) {
  return html`<table class="dead">
    <thead><tr>${["number", "category", "received", "reason"].map((one) => html`<th>${t(`dead.${one}`)}</th>`)}<th></th></tr></thead>
    <tbody>${repeat(dead, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => html`<tr data-report=${one.id}>
      <td>${one.id}</td>
      <td>${name(one.category_name)} <code>${one.category}</code></td>
      <td>${timeText(one.received_at)}</td>
      <td class="reason">${one.reason}</td>
      <td class="buttons">
        ${may.read ? html`<button data-act="open" ?disabled=${busy} @click=${() => act.open(one.id)}>${t("dead.open")}</button>` : nothing}
        ${may.replay ? html`<button data-act="replay" ?disabled=${busy} @click=${() => act.replay(one.id)}>${t("dead.replay")}</button>` : nothing}
      </td></tr>`)}</tbody></table>`;
}

/** @param {any} state @param {any} act */
function contentView({ open, list, catalogue, busy }, act) {
  const fixed = !list?.may.edit;
  return html`<form class="righting" @submit=${act.edit} data-report=${open.id}>
    <h2>${t("dead.content", { n: open.id })}</h2>
    <p class="reason">${open.reason}</p>
    <dl class="facts">
      <dt>${t("dead.source")}</dt><dd>${open.source}</dd>
      <dt>${t("dead.happened")}</dt><dd>${timeText(open.happened_at)}</dd>
      <dt>${t("dead.photos")}</dt><dd>${open.photos}</dd>
      ${Object.entries(open.attributes ?? {}).map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>`)}
    </dl>
    <fieldset ?disabled=${fixed || busy}>
      <label class="wide">${t("dead.category")}${categoryView(open.category, catalogue)}</label>
      ${inputView("condition", open)}${inputView("lon", open)}${inputView("lat", open)}
      <label>${t("dead.datum")}<select name="datum">
        ${open.datum === "none" ? html`<option value="none" selected>${t("dead.no_datum")}</option>` : nothing}
        ${DATUMS.map((one) => html`<option ?selected=${one === open.datum}>${one}</option>`)}</select></label>
      ${inputView("address", open, "wide")}
      <label class="wide">${t("dead.description")}<textarea name="description" rows="3" maxlength="4000" .value=${open.description}></textarea></label>
    </fieldset>
    <p class="buttons">
      ${fixed ? nothing : html`<button class="primary" ?disabled=${busy}>${t("dead.edit")}</button>`}
      <button type="button" data-act="close" @click=${act.close}>${t("dead.close")}</button>
    </p>
  </form>`;
}

/** @param {string} field @param {any} open */
function inputView(field, open, kind = "") {
  return html`<label class=${kind}>${t(`dead.${field}`)}<input name=${field} autocomplete="off" .value=${String(open[field] ?? "")}></label>`;
}

/** @param {string} category @param {any} catalogue */
function categoryView(category, catalogue) {
  const known = catalogue?.categories ?? [];
  const lost = !known.some((/** @type {any} */ one) => one.code === category);
  return html`<select name="category">
    ${lost ? html`<option value=${category} selected>${category}</option>` : nothing}
    ${known.map((/** @type {any} */ one) => html`
      <option value=${one.code} ?selected=${one.code === category}>${name(one.name, one.code)} ${one.code}</option>`)}
  </select>`;
}
