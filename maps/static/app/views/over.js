// What lies over the map: the banner of old data, the legend, the cell under the pointer, help.

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { name, t } from "../i18n.js";
import { symbolSvg } from "../symbols.js";
import { modesView } from "./modes.js";
import { situationsView } from "./situations.js";
import { areaName } from "./words.js";
import { seconds } from "./top.js";

/** Data older than this is called old. */
export const STALE_MS = 10_000;

/**
 * @param {import("../store.js").State} state
 * @param {number} age of the data in milliseconds, Infinity before the first
 * @param {string[]} degraded what of the servers is missing
 * @param {any} acts what can be done with situations
 */
export function overView(state, age, degraded, acts) {
  return html`<div class="banners">
    ${age > STALE_MS
      ? html`<div class="banner" role="alert">${age === Infinity ? t("stale.first") : t("stale.banner", { s: seconds(age) })}</div>`
      : nothing}
    ${modesView(degraded)}</div>
    ${situationsView(state, acts)}
    ${state.mapProblem ? html`<div class="nomap">${t(state.mapProblem)}</div>` : html`${legendView()}${cellView(state)}`}
  `;
}

function legendView() {
  return html`<details class="legend" open><summary>${t("legend.title")}</summary>
    <h3>${t("legend.urgency")}</h3>
    <ul>${["overdue", "due_soon", "new", "on_time", "to_check"].map((urgency) => html`
      <li>${symbolSvg(4, /** @type {any} */ (urgency))}${t(`urgency.${urgency}`)}</li>`)}</ul>
    <h3>${t("legend.severity")}</h3>
    <ul>${[1, 2, 3, 4].map((severity) => html`
      <li>${symbolSvg(severity, "on_time")}${t(`severity.${severity}`)}</li>`)}</ul>
  </details>`;
}

/** @param {import("../store.js").State} state */
function cellView({ cell, city, board }) {
  if (!cell || !city) return nothing;
  let open = 0;
  for (const marker of board?.markers.values() ?? []) if (marker.cell === cell.code) open += 1;
  return html`<div class="cellline">
    <span>${areaName(city, cell.area)}</span><b>${name({ zh: cell.name_zh, en: cell.name_en })}</b>
    <code>${cell.code}</code>${open ? html`<em>${t("cell.open", { n: open })}</em>` : nothing}
  </div>`;
}

const KEYS = [
  ["j ↓", "next"],
  ["k ↑", "previous"],
  ["Enter", "enter"],
  ["Esc", "escape"],
  ["/", "search"],
  ["h", "home"],
  ["l", "language"],
  ["?", "help"],
];

/** @param {import("../store.js").State} state @param {any} act */
export function helpView(state, act) {
  if (!state.help) return nothing;
  return html`<div class="veil" @click=${act.toggleHelp}>
    <div class="help" role="dialog" aria-modal="true" aria-label=${t("help.title")}>
      <h2>${t("help.title")}</h2>
      <dl>${KEYS.map(([key, word]) => html`<dt><kbd>${key}</kbd></dt><dd>${t(`help.${word}`)}</dd>`)}</dl>
    </div>
  </div>`;
}
