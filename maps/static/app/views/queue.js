// The queue: a search and filter on top, then the lanes with their cases.

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { repeat } from "../../vendor/lit-html-3.3.3/directives/repeat.js";
import { live } from "../../vendor/lit-html-3.3.3/directives/live.js";
import { countdownText, urgencyOf } from "../deadlines.js";
import { name, t } from "../i18n.js";
import { symbolSvg } from "../symbols.js";
import { areaName, categoryName, departmentName } from "./words.js";

/** @typedef {import("../board.js").Marker} Marker */
/** @typedef {import("../lanes.js").Lane} Lane */

const laneName = (/** @type {Lane} */ lane) => lane.name;
const markerId = (/** @type {Marker} */ marker) => marker.id;

/** How many rows a lane shows before one asks for more. */
export const ROWS = 40;

/**
 * @param {import("../store.js").State} state
 * @param {Lane[]} lanes
 * @param {number} now server time
 * @param {any} act
 */
export function queueView(state, lanes, now, act) {
  const shown = lanes.reduce((sum, lane) => sum + lane.cases.length, 0);
  return html`
    ${filterView(state, shown, act)}
    <div class="lanes" role="listbox" tabindex="0" aria-label=${t("queue.label")}
      aria-activedescendant=${state.selected ? `case-${state.selected}` : nothing}>
      ${repeat(lanes, laneName, (/** @type {Lane} */ lane) => laneView(lane, state, now, act))}
    </div>
  `;
}

/** @param {import("../store.js").State} state @param {number} shown @param {any} act */
function filterView(state, shown, act) {
  const { filter, city, board } = state;
  const filtered = Object.values(filter).some(Boolean);
  const set = (/** @type {string} */ field) => (/** @type {any} */ event) =>
    act.setFilter({ [field]: event.target.value });
  const departments = Object.entries(city?.departments ?? {});
  const areas = (city?.areas ?? []).filter((/** @type {any} */ area) => area.parent && area.level !== lastLevel(city));
  return html`<form class="filter" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <input type="search" id="search" autocomplete="off" spellcheck="false" .value=${live(filter.text)}
      placeholder=${t("filter.text")} aria-label=${t("filter.text")} @input=${set("text")}>
    <div class="selects">
      ${selectView("department", filter.department, departments.map(([code, label]) => [code, name(/** @type {any} */ (label), code)]), set)}
      ${selectView("state", filter.state, OPEN_STATES.map((one) => [one, t(`state.${one}`)]), set)}
      ${selectView("category", filter.category, classes(city), set)}
      ${selectView("area", filter.area, areas.map((/** @type {any} */ area) => [area.code, name(area.name, area.code)]), set)}
    </div>
    ${filtered
      ? html`<p class="result">${t("filter.result", { n: shown, all: board?.markers.size ?? 0 })}
          <button type="button" class="link" @click=${act.clearFilter}>${t("filter.clear")}</button></p>`
      : nothing}
  </form>`;
}

const OPEN_STATES = ["reported", "filed", "assigned", "handled", "verified"];

/** @param {string} field @param {string} value @param {[string, string][]} options @param {(field: string) => any} set */
function selectView(field, value, options, set) {
  const empty = t(`filter.${field}`);
  return html`<select class=${value ? "set" : ""} name=${field} aria-label=${empty} @change=${set(field)} .value=${live(value)}>
    <option value="" ?selected=${!value}>${empty}</option>
    ${options.map(([code, label]) => html`<option value=${code} ?selected=${code === value}>${label}</option>`)}
  </select>`;
}

/** @param {any} city @returns {[string, string][]} */
function classes(city) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const category of Object.values(city?.categories ?? {})) {
    found.set(category.class, name(category.class_name, category.class));
  }
  return [...found].sort(([a], [b]) => a.localeCompare(b));
}

/** @param {any} city */
const lastLevel = (city) => city.city.levels[city.city.levels.length - 1].level;

/** @param {Lane} lane @param {import("../store.js").State} state @param {number} now @param {any} act */
function laneView(lane, state, now, act) {
  const folded = state.folded[lane.name] ?? false;
  const most = state.more[lane.name] ?? ROWS;
  const rows = lane.cases.filter((marker, place) => place < most || marker.id === state.selected);
  const hidden = lane.cases.length - rows.length;
  return html`<section class="lane ${lane.name}" role="group" aria-label=${t(`lane.${lane.name}`)}>
    <h2><button type="button" aria-expanded=${!folded} @click=${() => act.fold(lane.name)}>
      <span>${t(`lane.${lane.name}`)}</span><b>${lane.cases.length}</b></button></h2>
    ${folded
      ? nothing
      : repeat(rows, markerId, (/** @type {Marker} */ marker) => rowView(marker, state, now, act))}
    ${!folded && hidden > 0
      ? html`<button type="button" class="more" @click=${() => act.showMore(lane.name)}>
          ${t("lane.more", { n: Math.min(hidden, ROWS) })}</button>`
      : nothing}
  </section>`;
}

/** @param {Marker} marker @param {import("../store.js").State} state @param {number} now @param {any} act */
function rowView(marker, state, now, act) {
  const urgency = urgencyOf(marker, now);
  const selected = state.selected === marker.id;
  const hovered = state.hovered === marker.id;
  const label = `${t(`severity.${marker.severity}`)}, ${t(`urgency.${urgency}`)}`;
  return html`<div class="row ${urgency} ${selected ? "selected" : ""} ${hovered ? "hovered" : ""}"
      role="option" id=${`case-${marker.id}`} aria-selected=${selected}
      @click=${() => act.open(marker.id, true)}
      @mouseenter=${() => act.hover(marker.id)} @mouseleave=${() => act.hover(null)}>
    <span class="mark" role="img" aria-label=${label} title=${label}>${symbolSvg(marker.severity, urgency)}</span>
    <span class="line">
      <span class="what">${categoryName(state.city, marker.category)}</span>
      ${marker.reports > 1 ? html`<em>×${marker.reports}</em>` : nothing}
      <span class="due">${dueText(marker, urgency, now)}</span>
    </span>
    <span class="line quiet">
      <span class="where">${areaName(state.city, marker.areas[0])}${marker.address ? ` · ${marker.address}` : ""}</span>
      <span class="who">${departmentName(state.city, marker.department)}</span>
    </span>
  </div>`;
}

/** @param {Marker} marker @param {string} urgency @param {number} now */
function dueText(marker, urgency, now) {
  return urgency === "to_check" ? t(`state.${marker.state}`) : countdownText(marker, now, t);
}
