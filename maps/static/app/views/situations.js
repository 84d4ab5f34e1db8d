// The situations over the map: a list of those that go on, and why the chosen one is one.

import { html, nothing, svg } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { repeat } from "../../vendor/lit-html-3.3.3/directives/repeat.js";
import { language, name, t } from "../i18n.js";

/** @param {import("../store.js").State} state @param {any} acts */
export function situationsView(state, acts) {
  const { situations } = state;
  if (!situations.length && !state.situation) return nothing;
  return html`<section class="situations" aria-label=${t("situation.title")}>
    <h2>${t("situation.title")} <b>${situations.length}</b></h2>
    <ul>${repeat(situations, (one) => one.id, (one) => rowView(one, state, acts))}</ul>
    ${state.situation ? chosenView(state, acts) : nothing}
  </section>`;
}

/** @param {any} one @param {import("../store.js").State} state @param {any} acts */
function rowView(one, state, acts) {
  const chosen = state.situationId === one.id;
  return html`<li class=${one.state}>
    <button type="button" id=${`situation-${one.id}`} aria-expanded=${chosen} @click=${() => acts.choose(one.id)}>
      <i aria-hidden="true"></i>
      <span class="what">${name(one.name, one.rules[0])}</span>
      <b title=${t("situation.members")}>${one.members}</b>
      <small>${t(`situation.state.${one.state}`)} · ${clock(one.flagged_at)}${one.acknowledged_by ? ` · ${one.acknowledged_by}` : ""}</small>
    </button></li>`;
}

/** @param {import("../store.js").State} state @param {any} acts */
function chosenView({ situation: told, situationProblem }, acts) {
  const { situation, why, trend, orders } = told;
  const dismiss = (/** @type {any} */ event) => {
    event.preventDefault();
    acts.dismiss(event.target.elements.reason.value);
  };
  return html`<article>
    <p class="state">${t(`situation.state.${situation.state}`)} · ${t(`situation.trend.${trend.word}`)}
      · ${t("situation.count", { n: told.members.length })}</p>
    ${growthView(trend.counts)}
    ${why.map((/** @type {any} */ one) => html`<p class="why">${name(one.text)}</p>`)}
    ${situation.plan ? html`<p class="plan">${t("situation.plan")} <code>${situation.plan}</code></p>` : nothing}
    ${situationProblem ? html`<p class="problem" role="alert">${situationProblem}</p>` : nothing}
    ${orders.includes("acknowledge") && !situation.acknowledged_by
      ? html`<button type="button" data-act="acknowledge" @click=${acts.acknowledge}>${t("situation.acknowledge")}</button>`
      : nothing}
    ${orders.includes("dismiss")
      ? html`<form @submit=${dismiss}>
          <input name="reason" autocomplete="off" maxlength="1000" placeholder=${t("situation.reason")} aria-label=${t("situation.reason")}>
          <button data-act="dismiss">${t("situation.dismiss")}</button></form>`
      : nothing}
  </article>`;
}

/** How many came in each of equal times, oldest first. @param {number[]} counts */
function growthView(counts) {
  const most = Math.max(1, ...counts);
  const height = (/** @type {number} */ count) => 3 + (25 * count) / most;
  return html`<svg class="growth" viewBox="0 0 160 28" preserveAspectRatio="none" aria-hidden="true">
    ${counts.map((count, n) => svg`<rect x=${n * 20 + 1} y=${28 - height(count)} width="17" height=${height(count)} rx="1.5"></rect>`)}
  </svg>`;
}

/** @param {string} at */
function clock(at) {
  const form = /** @type {const} */ ({ month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
  return new Date(at).toLocaleString(language() === "zh" ? "zh-CN" : "en-GB", form);
}
