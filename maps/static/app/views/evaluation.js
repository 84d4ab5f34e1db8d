// A table of indicators in graded colours, with what it was asked and what it is made of.

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { name, t } from "../i18n.js";

const POSTS = ["department", "inspector", "operator", "dispatcher"];

/** @param {any} state @param {any} act */
export function evaluationView(state, act) {
  const { words, found, problem } = state;
  return html`
    ${words ? formView(state, act) : nothing}
    ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
    ${found && words ? tableView(state, act) : nothing}
    ${words ? legendView(words) : nothing}`;
}

/** @param {any} state @param {any} act */
function formView({ words, asked, busy }, act) {
  const places = [...Object.entries(words.levels), ["cell", null]];
  const option = (/** @type {string} */ one, /** @type {string} */ text) =>
    html`<option value=${one} ?selected=${one === asked.by}>${text}</option>`;
  return html`<form class="righting asking" @submit=${act.ask}>
    <fieldset ?disabled=${busy}>
      <label>${t("evaluation.by")}<select name="by">
        <optgroup label=${t("evaluation.posts")}>${POSTS.map((one) => option(one, t(`evaluation_by.${one}`)))}</optgroup>
        <optgroup label=${t("evaluation.places")}>${places.map(([one, label]) => option(one, name(label, t("evaluation_by.cell"))))}</optgroup>
      </select></label>
      ${dayView("from", asked)}${dayView("until", asked)}${dayView("as_of", asked)}
      <label>${t("evaluation.grid")}<select name="grid">
        ${["then", "now"].map((one) => html`<option value=${one} ?selected=${one === asked.grid}>${t(`evaluation_grid.${one}`)}</option>`)}
      </select></label>
    </fieldset>
    <p class="buttons">
      <button class="primary" data-act="ask" ?disabled=${busy}>${t("evaluation.ask")}</button>
      <button type="button" data-act="month" ?disabled=${busy} @click=${() => act.month(0)}>${t("evaluation.this_month")}</button>
      <button type="button" data-act="last" ?disabled=${busy} @click=${() => act.month(1)}>${t("evaluation.last_month")}</button>
      ${busy ? html`<span class="quiet" role="status">${t("evaluation.counting")}</span>` : nothing}
    </p>
  </form>`;
}

/** @param {string} field @param {Record<string, string>} asked */
function dayView(field, asked) {
  return html`<label>${t(`evaluation.${field}`)}<input type="date" name=${field} .value=${(asked[field] ?? "").slice(0, 10)}></label>`;
}

/** @param {any} state @param {any} act */
function tableView({ found, words, asked, counts }, act) {
  const indicators = Object.keys(found.total.indicators);
  const scored = found.lines.some((/** @type {any} */ line) => line.score !== null);
  const moment = (/** @type {string} */ at) => momentText(at, words.timezone);
  const file = (/** @type {string} */ format) => `/api/evaluation?${new URLSearchParams({ ...asked, format })}`;
  return html`
    <p class="told">${t("evaluation.told", { from: moment(found.from), until: moment(found.until), at: moment(found.as_of), n: number(found.cases) })}
      · ${t(`evaluation_grid.${found.grid}`)}</p>
    ${found.balanced ? nothing : html`<p class="problem" role="alert">${t("evaluation.unbalanced")}</p>`}
    <p class="buttons files">
      <a class="button" data-file="csv" href=${file("csv")} download>CSV</a>
      <a class="button" data-file="xlsx" href=${file("xlsx")} download>XLSX</a>
      <button type="button" data-act="print" @click=${act.print}>${t("evaluation.print")}</button>
      <button type="button" data-act="counts" aria-pressed=${counts} @click=${act.toggleCounts}>${t("evaluation.counts")}</button>
    </p>
    <div class="wide-table" tabindex="0" role="region" aria-label=${t("evaluation.title")}>
    <table class="dead evaluation"><thead><tr>
        ${scored ? html`<th>${t("evaluation.rank")}</th>` : nothing}<th class="who">${t("evaluation.who")}</th>
        ${scored ? html`<th>${t("evaluation.score")}</th>` : nothing}
        ${indicators.map((key) => html`<th title=${name(words.indicators[key].formula)}>${name(words.indicators[key].name)}</th>`)}
        ${counts ? Object.keys(found.total.counts).map((key) => html`<th class="count" title=${name(words.counts[key].what)}>${name(words.counts[key].name)}</th>`) : nothing}
      </tr></thead>
      <tbody>${found.lines.map((/** @type {any} */ line) => lineView(line, words, scored, counts))}</tbody>
      <tfoot>${lineView(found.total, words, scored, counts)}</tfoot></table></div>
    ${found.lines.length ? nothing : html`<p class="none">${t("evaluation.none")}</p>`}`;
}

/** @param {any} line @param {any} words @param {boolean} scored @param {boolean} counts */
function lineView(line, words, scored, counts) {
  return html`<tr data-key=${line.key ?? ""}>
    ${scored ? html`<td>${line.rank ?? ""}</td>` : nothing}
    <th scope="row">${name(line.name, line.key)}</th>
    ${scored ? html`<td class="score">${line.grade
      ? html`${swatch(line.grade.colour)}<b>${line.score.toFixed(1)}</b> ${name(line.grade.name)}` : "–"}</td>` : nothing}
    ${Object.entries(line.indicators).map(([key, one]) => indicatorView(words.indicators[key], /** @type {any} */ (one), words.grades))}
    ${counts ? Object.entries(line.counts).map(([key, n]) => html`<td class="count">${countText(key, Number(n))}</td>`) : nothing}</tr>`;
}

/** What can be judged has the colour of its grade; nothing to be measured has none. @param {any} word @param {any} one @param {any[]} grades */
function indicatorView(word, one, grades) {
  const { value, above, below } = one;
  if (value === null) return html`<td title="0 / 0">—</td>`;
  const says = `${countText(word.unit, above)} / ${number(below)}`;
  return html`<td title=${says}>${word.better === "unjudged" ? nothing : swatch(gradeOf(word, value, grades)?.colour)}${shown(word, value)}</td>`;
}

/** @param {any} word @param {number} value @param {any[]} grades best first */
function gradeOf(word, value, grades) {
  const good = 100 * (word.better === "high" ? value : 1 - value);
  return grades.find((one) => good >= one.from) ?? grades.at(-1);
}

/** Set by the object model: styles in the markup are not let through. @param {string | undefined} colour */
const swatch = (colour) => html`<i class="swatch" aria-hidden="true" .style=${`background:${colour}`}></i>`;

/** @param {any} word @param {number} value */
const shown = (word, value) => (word.unit === "s" ? hours(value) : `${(value * 100).toFixed(1)} %`);

/** Seconds are told as hours. @param {string} key @param {number} n */
const countText = (key, n) => (key === "s" || key.endsWith("_s") ? hours(n) : number(n));

/** @param {number} seconds */
const hours = (seconds) => `${(seconds / 3600).toFixed(1)} h`;

/** @param {any} words */
function legendView({ grades }) {
  return html`<p class="quiet grades">${grades.map((/** @type {any} */ one) => html`<span>${swatch(one.colour)}${name(one.name)} ≥ ${one.from}</span> `)}
    ${t("evaluation.note")}</p>`;
}

/** With its year, by the clocks of the city; the same in both languages. @param {string} at @param {string} timeZone */
const momentText = (at, timeZone) =>
  new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" }).format(new Date(at));

/** @param {number} value */
const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 0 });
