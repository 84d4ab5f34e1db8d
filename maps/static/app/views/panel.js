// One case, everything about it, and what the person may do.

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { countdownText, urgencyOf } from "../deadlines.js";
import { name, t, timeText } from "../i18n.js";
import { symbolSvg } from "../symbols.js";
import { areaPath, categoryName, departmentName, wordOf } from "./words.js";
import { whyView } from "./why.js";

/**
 * @param {import("../store.js").State} state
 * @param {number} now server time
 * @param {any} act
 */
export function panelView(state, now, act) {
  if (!state.selected) return nothing;
  const marker = state.board?.markers.get(state.selected);
  const { detail, city } = state;
  const known = marker ?? detail?.case;
  if (!known) return html`${closeView(act)}<p class="loading">${state.problem || t("panel.loading")}</p>`;
  const urgency = urgencyOf(known, now);
  return html`
    <header>
      <span class="mark">${symbolSvg(known.severity, urgency)}</span>
      <div>
        <h1>${categoryName(city, known.category)}</h1>
        <p class="number">${known.number}</p>
      </div>
      ${closeView(act)}
    </header>
    <div class="body">
      <div class="standing">
        <span class="chip state">${wordOf("state", known.state)}</span>
        <span class="chip severity s${known.severity}">${t(`severity.${known.severity}`)}</span>
        ${standingView(known, detail?.case)}
        ${known.reports > 1 ? html`<span class="chip">${t("panel.reports_n", { n: known.reports })}</span>` : nothing}
      </div>
      ${dueView(known, urgency, now, city)}
      ${factsView(known, state, act)}
      ${detail ? detailView(detail, state, act) : html`<p class="loading">${state.problem || t("panel.loading")}</p>`}
    </div>
  `;
}

/** What of the case is out of the usual. @param {any} known @param {any} whole null until it is read */
function standingView(known, whole) {
  const chip = (/** @type {boolean} */ shown, /** @type {string} */ text) =>
    shown ? html`<span class="chip">${text}</span>` : nothing;
  return [
    chip(Boolean(known.suspended_at), t("panel.suspended")),
    chip(Boolean(whole?.supervised_at), t("panel.supervised")),
    chip(Boolean(whole?.excused), t("panel.excused")),
    chip(whole?.appeal === "asked", t("panel.late_appealed")),
    chip(whole?.round > 1, t("panel.round_n", { n: whole?.round ?? 1 })),
  ];
}

/** @param {any} act */
function closeView(act) {
  return html`<button class="close" aria-label=${t("panel.close")} title=${t("panel.close")} @click=${act.close}>×</button>`;
}

/** @param {any} known @param {string} urgency @param {number} now @param {any} city */
function dueView(known, urgency, now, city) {
  const ended = known.state === "closed" || known.state === "void";
  return html`<div class="deadline ${ended ? "to_check" : urgency}">
    <span>${t("panel.due")}</span>
    <strong>${ended ? wordOf("state", known.state) : countdownText(known, now, t)}</strong>
    ${known.due_at ? html`<small>${t("panel.due_at", { at: timeText(known.due_at, city.city.timezone) })}</small>` : nothing}
  </div>`;
}

/** @param {any} known @param {import("../store.js").State} state @param {any} act */
function factsView(known, state, act) {
  const { city } = state;
  const fact = (/** @type {string} */ key, /** @type {any} */ value) =>
    value ? html`<dt>${t(`panel.${key}`)}</dt><dd>${value}</dd>` : nothing;
  return html`<dl class="facts">
    ${fact("department", departmentName(city, known.department))}
    ${fact("helpers", (known.helpers ?? []).map((/** @type {string} */ code) => departmentName(city, code)).join(", "))}
    ${fact("area", areaPath(city, known.areas))}
    ${fact("cell", html`${name(act.cellName(known.cell), "")} <code>${known.cell}</code>`)}
    ${fact("address", known.address)}
    ${fact("reported_at", timeText(known.reported_at, city.city.timezone))}
    ${fact("position", html`${known.lon.toFixed(5)}, ${known.lat.toFixed(5)}
      <button class="link" @click=${act.centre}>${t("panel.centre")}</button>`)}
  </dl>`;
}

/** @param {any} detail @param {import("../store.js").State} state @param {any} act */
function detailView(detail, state, act) {
  return html`
    <section><h2>${t("panel.description")}</h2>
      <p class="description">${detail.case.description || html`<span class="quiet">${t("panel.no_description")}</span>`}</p>
      ${photosView(detail)}
    </section>
    ${movesView(detail, state, act)}
    ${state.twins ? twinsView(state.twins, detail, state, act) : nothing}
    <section class="why"><h2>${t("panel.why")}</h2>${whyView(detail.why, state.city)}</section>
    <section><h2>${t("panel.history")}</h2>${historyView(detail.history, state.city)}</section>
  `;
}

/** @param {any} detail */
function photosView(detail) {
  const photos = detail.reports.flatMap((/** @type {any} */ report) => report.photos ?? []);
  if (!photos.length) return nothing;
  const address = (/** @type {string} */ photo) => `/api/cases/${detail.case.id}/photos/${photo}`;
  return html`<div class="photos">
    ${photos.map((/** @type {string} */ photo, /** @type {number} */ index) => html`
      <a href=${address(photo)} target="_blank" rel="noopener">
        <img src=${address(photo)} loading="lazy" alt=${t("panel.photo", { n: index + 1 })}></a>`)}
  </div>`;
}

/** @param {any} detail @param {import("../store.js").State} state @param {any} act */
function movesView(detail, state, act) {
  const chosen = detail.moves.find((/** @type {any} */ one) => one.move === state.order);
  return html`<section class="moves"><h2>${t("panel.moves")}</h2>
    ${detail.moves.length ? nothing : html`<p class="quiet">${t("panel.no_moves")}</p>`}
    <div class="buttons">
      ${detail.moves.map((/** @type {any} */ one) => html`<button type="button" data-move=${one.move}
        class=${one.move === state.order ? "chosen" : ""} ?disabled=${state.busy}
        @click=${() => act.choose(one)}>${name(one.name, one.move)}</button>`)}
    </div>
    ${chosen ? orderView(chosen, state, act) : nothing}
    ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : nothing}
  </section>`;
}

/** What may be the same incident, and what was found to be. @param {any} twins @param {any} detail @param {import("../store.js").State} state @param {any} act */
function twinsView({ duplicates, merged }, detail, state, act) {
  if (!duplicates.length && !merged.length) return nothing;
  const mayMerge = detail.moves.some((/** @type {any} */ one) => one.move === "merge");
  return html`<section class="twins"><h2>${t("panel.twins")}</h2>
    <ul>${duplicates.map((/** @type {any} */ one) => html`<li data-twin=${one.case.id}>
      <button type="button" class="link" @click=${() => act.open(one.case.id)}>${one.case.number}</button>
      <b>${Math.round(one.score * 100)} %</b>
      <span class="quiet">${categoryName(state.city, one.case.category)} · ${one.reasons.map((/** @type {any} */ reason) => name(reason)).join(" · ")}</span>
      ${mayMerge ? html`<button type="button" data-act="merge" ?disabled=${state.busy}
        @click=${() => act.mergeInto(one.case.id)}>${t("panel.merge_into")}</button>` : nothing}</li>`)}
    ${merged.map((/** @type {any} */ one) => html`<li data-merged=${one.id}>
      <button type="button" class="link" @click=${() => act.open(one.id)}>${one.number}</button>
      <span class="quiet">${t("panel.merged", { n: one.reports })}</span></li>`)}</ul>
  </section>`;
}

/** @param {any} chosen @param {import("../store.js").State} state @param {any} act */
function orderView(chosen, state, act) {
  const departments = Object.entries(state.city.departments);
  return html`<form class="order" @submit=${act.send}>
    ${chosen.needs_department
      ? html`<label>${t("move.department")}<select name="department" required>
          <option value="">${t("move.choose")}</option>
          ${departments.map(([code, label]) => html`<option value=${code}>${name(/** @type {any} */ (label), code)}</option>`)}
        </select></label>`
      : nothing}
    ${chosen.needs_correction ? correctionView(state) : nothing}
    ${chosen.takes_deadline ? untilView(chosen, state) : nothing}
    ${chosen.needs_severity ? severityView(state.detail.case.severity) : nothing}
    ${chosen.needs_case
      ? html`<label>${t("move.case")}<input name="case" inputmode="numeric" pattern="[1-9][0-9]*" required
          .value=${String(state.into ?? "")}></label>`
      : nothing}
    ${chosen.needs_photo ? photoChoiceView(state.detail) : nothing}
    <label>${t("move.reason")}<textarea name="reason" rows="2" maxlength="1000" ?required=${chosen.needs_reason}></textarea></label>
    <div class="buttons">
      <button class="primary" ?disabled=${state.busy}>${t("move.confirm", { move: name(chosen.name, chosen.move) })}</button>
      <button type="button" class="plain" @click=${() => act.choose(null)}>${t("move.cancel")}</button>
    </div>
  </form>`;
}

/** What is left as it is stays. @param {import("../store.js").State} state */
function correctionView(state) {
  const categories = Object.keys(state.city.categories);
  const number = (/** @type {string} */ field, /** @type {number} */ most) => html`<label>${t(`move.${field}`)}
    <input type="number" name=${field} step="any" min=${-most} max=${most}></label>`;
  return html`<label>${t("move.category")}<select name="category">
      <option value="">${t("move.unchanged")}</option>
      ${categories.map((code) => html`<option value=${code}>${categoryName(state.city, code)}</option>`)}
    </select></label>
    ${number("lon", 180)}${number("lat", 90)}`;
}

/** @param {number} now */
function severityView(now) {
  return html`<label>${t("move.severity")}<select name="severity" required>
    ${[1, 2, 3, 4].map((level) => html`<option value=${level} ?disabled=${level === now}>${level}</option>`)}
  </select></label>`;
}

/** The times of the form are those of the reader's clock. @param {any} chosen @param {import("../store.js").State} state */
function untilView(chosen, state) {
  const asked = state.detail.case.extension_until;
  const said = asked ? t("move.until_asked", { at: timeText(asked, state.city.city.timezone) }) : "";
  return html`<label>${t("move.until")}
    <input type="datetime-local" name="until" ?required=${chosen.needs_deadline}>
    ${said ? html`<small>${said}</small>` : nothing}</label>`;
}

/** @param {any} detail */
function photoChoiceView(detail) {
  const photos = detail.reports.flatMap((/** @type {any} */ report) => report.photos ?? []);
  return html`<fieldset><legend>${t("move.photos")}</legend>
    ${photos.map((/** @type {string} */ photo, /** @type {number} */ index) => html`<label>
      <input type="checkbox" name="photos" value=${photo}> ${t("panel.photo", { n: index + 1 })}</label>`)}
    <label>${t("move.taken")}<input type="file" name="taken" accept="image/jpeg,image/png,image/webp" multiple></label>
  </fieldset>`;
}

/** @param {any[]} history @param {any} city */
function historyView(history, city) {
  return html`<ol class="history">
    ${[...history].reverse().map((event) => html`<li class=${event.kind}>
      <time datetime=${event.at}>${timeText(event.at, city.city.timezone)}</time>
      <b>${eventText(event, city)}</b>
      <span>${wordOf("actor", event.actor)}</span>
      ${event.fields.reason ? html`<q>${event.fields.reason}</q>` : nothing}
    </li>`)}
  </ol>`;
}

/** @param {any} event @param {any} city */
function eventText(event, city) {
  const kind = event.fields.milestone ?? event.fields.stage;
  const milestone = kind ? wordOf("milestone", kind) : "";
  const until = event.fields.until ? timeText(event.fields.until, city.city.timezone) : "";
  const department = event.fields.department ? departmentName(city, event.fields.department) : "";
  const { step = "", severity = "", number = "", device = "" } = event.fields;
  const change = event.fields.change ? wordOf("alarm_change", event.fields.change) : "";
  return t(`event.${event.kind}`, { department, milestone, until, step, severity, number, change, device });
}
