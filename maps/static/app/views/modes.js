// The banner of degraded modes: what is missing, what still works, what waits.

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { t } from "../i18n.js";

/** These stop work; the others slow it. */
const GRAVE = ["database_away", "database_read_only"];

/** @param {string[]} degraded modes, worst first */
export function modesView(degraded) {
  if (!degraded.length) return nothing;
  return html`<ul class="modes" role="status">${degraded.map((mode) => html`
    <li class=${GRAVE.includes(mode) ? "grave" : ""} data-mode=${mode}>
      <b>${t(`mode.${mode}`)}</b> ${t(`mode_says.${mode}`)}</li>`)}</ul>`;
}
