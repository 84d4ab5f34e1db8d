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
        ${known.reports > 1 ? html`<span class="chip">${t("panel.reports_n", { n: known.reports })}</span>` : nothing}
      </div>
      ${dueView(known, urgency, now, city)}
      ${factsView(known, state, act)}
      ${detail ? detailView(detail, state, act) : html`<p class="loading">${state.problem || t("panel.loading")}</p>`}
    </div>
  `;
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
        @click=${() => act.choose(one)}>${wordOf("move", one.move)}</button>`)}
    </div>
    ${chosen ? orderView(chosen, state, act) : nothing}
    ${state.problem ? html`<p class="problem" role="alert">${state.problem}</p>` : nothing}
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
    <label>${t("move.reason")}<textarea name="reason" rows="2" maxlength="1000" ?required=${chosen.needs_reason}></textarea></label>
    <div class="buttons">
      <button class="primary" ?disabled=${state.busy}>${t("move.confirm", { move: wordOf("move", chosen.move) })}</button>
      <button type="button" class="plain" @click=${() => act.choose(null)}>${t("move.cancel")}</button>
    </div>
  </form>`;
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
  const milestone = event.fields.milestone ? wordOf("milestone", event.fields.milestone) : "";
  const department = event.fields.department ? departmentName(city, event.fields.department) : "";
  return t(`event.${event.kind}`, { department, milestone });
}
