// The bar at the top: which city, how it stands, whether the data lives, who is here.

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { language, name, t } from "../i18n.js";

/** The pages beside the map, and whose work they are. */
const SHEETS = [
  { name: "escalations", title: "escalations.title", roles: ["inspector", "operator", "dispatcher", "handler", "commander", "supervisor", "auditor"] },
  { name: "evaluation", title: "evaluation.title", roles: ["commander", "supervisor", "auditor"] },
  { name: "whatif", title: "whatif.link", roles: ["supervisor", "administrator"] },
];
const FIGURES = ["new", "due_soon", "overdue", "to_check"];

/**
 * @param {import("../store.js").State} state
 * @param {{ counts: Record<string, number>, total: number }} figures
 * @param {{ connected: boolean, age: number }} feed
 * @param {any} act
 */
export function topView(state, figures, feed, act) {
  return html`
    <div class="brand">
      <span class="emblem" aria-hidden="true"></span>
      <div>
        <strong>${name(state.city?.city.name)}</strong>
        <span>${t("app.title")}</span>
      </div>
    </div>
    <dl class="figures">
      ${figureView("open", figures.total)}
      ${FIGURES.map((figure) => figureView(figure, figures.counts[figure] ?? 0))}
    </dl>
    <div class="side">
      ${connectionView(feed)}
      ${deadLink(state.dead)}
      ${SHEETS.map((sheet) => sheetLink(sheet, state.person))}
      <button class="plain" data-act="theme" @click=${act.switchTheme}>
        ${act.isDark() ? t("theme.light") : t("theme.dark")}
      </button>
      <button class="plain" data-act="language" lang=${language() === "zh" ? "en" : "zh-CN"}
        @click=${act.switchLanguage}>${t("language.other")}</button>
      <button class="plain key" title=${t("help.open")} aria-label=${t("help.open")}
        @click=${act.toggleHelp}>?</button>
      <span class="person">${name(state.person?.name, state.person?.login ?? "")}</span>
      <button class="plain" data-act="logout" @click=${act.logOut}>${t("logout")}</button>
    </div>
  `;
}

/** The way to the page of the dead, for who may go there. @param {number | null} dead */
function deadLink(dead) {
  if (dead === null) return nothing;
  return html`<a class="plain dead ${dead ? "some" : ""}" href="/dead">${t("dead.title")} <b>${dead}</b></a>`;
}

/** The way to another page, for who may go there. @param {typeof SHEETS[number]} sheet @param {import("../store.js").Person | null} person */
function sheetLink({ name: page, title, roles }, person) {
  if (!person?.roles.some((role) => roles.includes(role))) return nothing;
  return html`<a class="plain" data-act=${page} href="/${page}">${t(title)}</a>`;
}

/** @param {string} figure @param {number} value */
function figureView(figure, value) {
  return html`<div class="figure ${figure}">
    <dt>${t(`figure.${figure}`)}</dt>
    <dd>${value.toLocaleString("en")}</dd>
  </div>`;
}

/** @param {{ connected: boolean, age: number }} feed */
function connectionView({ connected, age }) {
  const kind = connected ? "live" : age === Infinity ? "connecting" : "lost";
  const old = age === Infinity ? t("connection.unknown") : t("connection.age", { s: seconds(age) });
  return html`<span class="connection ${kind}" role="status">
    <i aria-hidden="true"></i><b>${t(`connection.${kind}`)}</b><small>${old}</small>
  </span>`;
}

/** @param {number} age */
export const seconds = (age) => Math.round(age / 1000);
