// Escalations by case: the steps of its ladder that were taken, with every message and how it stands.

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { repeat } from "../../vendor/lit-html-3.3.3/directives/repeat.js";
import { has, name, t, timeText } from "../i18n.js";
import { modesView } from "./modes.js";

/** @param {any} state @param {any} act */
export function escalationsView(state, act) {
  const { list, degraded, problem, done, choices, choice } = state;
  return html`
    ${modesView(degraded)}
    <p class="quiet">${t("escalations.note")}</p>
    <div class="buttons" role="group" aria-label=${t("escalations.show")}>${choices.map((/** @type {string} */ one) => html`
      <button type="button" data-choice=${one} aria-pressed=${one === choice} class=${one === choice ? "primary" : ""}
        @click=${() => act.choose(one)}>${t(`escalations_show.${one}`)}</button>`)}</div>
    ${done ? html`<p class="done" role="status">${done}</p>` : nothing}
    ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
    ${list && !list.escalations.length ? html`<p class="none">${t("escalations.none")}</p>` : nothing}
    ${list?.escalations.length ? html`${repeat(byCase(list.escalations), (one) => one.case, (one) => caseView(one, state, act))}` : nothing}
    ${list?.next ? html`<p class="buttons"><button type="button" data-act="more" ?disabled=${state.busy} @click=${act.more}>${t("escalations.more")}</button></p>` : nothing}`;
}

/** The steps of each case, the case with the newest step first. @param {any[]} escalations */
function byCase(escalations) {
  /** @type {Map<number, any>} */
  const cases = new Map();
  for (const one of escalations) {
    const found = cases.get(one.case) ?? { ...one, steps: [] };
    found.steps.push(one);
    cases.set(one.case, found);
  }
  return [...cases.values()];
}

/** @param {any} one @param {any} state @param {any} act */
function caseView(one, state, act) {
  return html`<section class="climb" data-case=${one.case}>
    <h2><a href="/?case=${one.case}">${one.number}</a>
      <span class="tag">${t(`state.${one.case_state}`)}</span>
      ${one.overdue ? html`<span class="tag late">${t("escalations.overdue")}</span>` : nothing}
      <span class="quiet">${one.department ? `${name(one.department_name, one.department)} · ` : ""}${t("escalations.ladder", { ladder: one.ladder })}</span></h2>
    <table class="dead steps">
      <thead><tr>${["step", "told_at", "told", "seen"].map((head) => html`<th>${t(`escalations.${head}`)}</th>`)}</tr></thead>
      <tbody>${one.steps.map((/** @type {any} */ step) => stepView(step, state, act))}</tbody></table>
  </section>`;
}

/** @param {any} step @param {any} state @param {any} act */
function stepView(step, state, act) {
  const mine = step.people.includes(state.person?.login);
  return html`<tr data-escalation=${step.id}>
    <td><b>${step.step}</b><br><span class="quiet">${has(`milestone.${step.run}`) ? t(`milestone.${step.run}`) : step.run}</span></td>
    <td>${timeText(step.told_at)}${step.times > 1 ? html`<br><span class="quiet">${t("escalations.times", { n: step.times })}</span>` : nothing}</td>
    <td>${step.people.length ? nothing : html`<span class="reason">${t("escalations.nobody")}</span>`}
      <ul class="notices">${step.notices.map(noticeView)}</ul></td>
    <td>${step.acknowledged_by
      ? html`${step.acknowledged_by}<br><span class="quiet">${timeText(step.acknowledged_at)}</span>`
      : mine
        ? html`<button type="button" data-act="acknowledge" ?disabled=${state.busy} @click=${() => act.acknowledge(step)}>${t("escalations.acknowledge")}</button>`
        : html`<span class="quiet">${t("escalations.unseen")}</span>`}</td></tr>`;
}

/** @param {any} notice */
function noticeView(notice) {
  const failed = notice.state === "dead";
  return html`<li data-state=${notice.state}>${notice.person ?? t("escalations.everybody")} · ${notice.channel} ·
    <span class=${failed ? "reason" : "quiet"}>${t(`notice.${notice.state}`)}${notice.attempts > 1 ? ` ×${notice.attempts}` : ""}${notice.last_error ? `: ${notice.last_error}` : ""}</span></li>`;
}
