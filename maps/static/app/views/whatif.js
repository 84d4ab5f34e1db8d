// What to try, how far it is, and what came out: before and after side by side.

import { html, nothing, svg } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { has, name, t, timeText } from "../i18n.js";

const PARTS = ["pack", "routing", "severity", "jurisdiction", "limits", "calendar", "catalogue", "departments", "grid"];
const WIDTH = 960;
const HEIGHT = 120;

/** @param {any} state @param {any} act */
export function whatifView(state, act) {
  const { trial, problem } = state;
  return html`
    <p class="quiet">${t("whatif.note")}</p>
    ${formView(state, act)}
    ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
    ${trial ? trialView(trial, state, act) : nothing}`;
}

/** @param {any} state @param {any} act */
function formView({ part, busy, trial }, act) {
  const running = trial?.stage === "running";
  return html`<form class="righting" @submit=${act.begin}>
    <fieldset ?disabled=${busy || running}>
      <label>${t("whatif.part")}<select name="part" @change=${(/** @type {any} */ event) => act.choose(event.target.value)}>
        ${PARTS.map((one) => html`<option value=${one} ?selected=${one === part}>${t(`whatif_part.${one}`)}</option>`)}</select></label>
      ${part === "grid"
        ? html`<label>${t("whatif.grid")}<input name="grid" type="number" min="1" required></label>`
        : html`<label>${t("whatif.file")}<input name="file" type="file" required accept=${part === "pack" ? ".zip" : ".toml,.csv"}></label>`}
      <label>${t("whatif.from")}<input name="from" type="datetime-local"></label>
      <label>${t("whatif.until")}<input name="until" type="datetime-local"></label>
    </fieldset>
    <p class="buttons"><button class="primary" data-act="begin" ?disabled=${busy || running}>${t("whatif.begin")}</button></p>
  </form>`;
}

/** @param {any} trial @param {any} state @param {any} act */
function trialView(trial, state, act) {
  switch (trial.stage) {
    case "running":
      return html`<p class="progress" role="status">
        ${trial.total
          ? html`<progress value=${trial.done} max=${trial.total}></progress> ${t("whatif.progress", { n: number(trial.done), m: number(trial.total) })}`
          : html`<progress></progress> ${t("whatif.reading")}`}
        <button type="button" data-act="stop" ?disabled=${state.busy} @click=${act.stop}>${t("whatif.stop")}</button></p>`;
    case "done":
      return trial.result ? resultView(trial, state, act) : nothing;
    default:
      return html`<p class="problem" role="alert">${t(trial.stage === "stopped" ? "whatif.stopped" : "whatif.failed")}</p>`;
  }
}

/** @param {any} trial @param {any} state @param {any} act */
function resultView(trial, state, act) {
  const { result } = trial;
  if (result.faults) return faultsView(result.faults);
  if (!result.ok) return html`<p class="problem" role="alert">${t("whatif.refused", { why: name(result.problem) })}</p>`;
  const tried = result.tried.map(partName).join("、");
  return html`
    <p class="done" role="status" data-changed=${result.changed}>
      ${t("whatif.outcome", { n: number(result.cases), m: number(result.changed), what: tried || t("whatif.nothing") })}</p>
    <p class="quiet">${Object.entries(result.differences).filter(([, count]) => count).map(([kind, count]) =>
      html`<span class="tag">${t(`whatif_differs.${kind}`)} ${number(Number(count))}</span> `)}</p>
    ${result.cases ? html`
      ${sidesView(t("whatif.city"), [{ code: "", name: null, ...result }])}
      ${sidesView(t("whatif.departments"), result.departments)}
      ${areasView(result)}
      ${workView(result, state, act)}` : nothing}
    ${result.changed ? casesView(result, trial.id) : nothing}`;
}

/** @param {string} part */
const partName = (part) => (has(`whatif_part.${part}`) ? t(`whatif_part.${part}`) : part);

/** @param {any[]} faults */
function faultsView(faults) {
  const columns = ["file", "row", "field", "problem", "remedy"];
  return html`<p class="problem" role="alert">${t("whatif.faults", { n: faults.length })}</p>
    <table class="dead faults"><thead><tr>${columns.map((one) => html`<th>${t(`whatif_fault.${one}`)}</th>`)}</tr></thead>
      <tbody>${faults.slice(0, 200).map((fault) => html`<tr>${columns.map((one) => html`<td>${fault[one]}</td>`)}</tr>`)}</tbody></table>`;
}

/** @param {string} title @param {any[]} rows */
function sidesView(title, rows) {
  const moves = rows.some((row) => "moved_in" in row);
  return html`${title ? html`<h2>${title}</h2>` : nothing}<table class="dead sides"><thead><tr><th></th><th>${t("whatif.cases")}</th>
      ${moves ? html`<th>${t("whatif.moved_in")}</th><th>${t("whatif.moved_out")}</th>` : nothing}
      <th>${t("whatif.late")}</th><th>${t("whatif.late_share")}</th><th>${t("whatif.late_hours")}</th><th>${t("whatif.accuracy")}</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr data-code=${row.code}>
      <td>${row.code ? html`<code>${row.code}</code> ${name(row.name)}` : t("whatif.city")}</td>
      <td>${changeView(number(row.before.cases), number(row.after.cases))}</td>
      ${moves ? html`<td>${number(row.moved_in)}</td><td>${number(row.moved_out)}</td>` : nothing}
      <td>${changeView(number(row.before.late), number(row.after.late))}</td>
      <td>${changeView(percent(row.before.late_share), percent(row.after.late_share))}</td>
      <td>${changeView(number(Math.round(row.before.late_hours)), number(Math.round(row.after.late_hours)))}</td>
      <td>${changeView(percent(row.before.accuracy), percent(row.after.accuracy))}</td></tr>`)}</tbody></table>`;
}

/** The areas level by level, the widest first; an area that is no more has no level. @param {any} result */
function areasView({ areas, levels }) {
  const shown = [...levels, { level: null, name: null }].map((/** @type {any} */ one) => ({
    ...one, areas: areas.filter((/** @type {any} */ area) => area.level === one.level),
  })).filter((one) => one.areas.length);
  return shown.map((one, turn) => html`<details ?open=${turn < 2}>
    <summary>${t("whatif.areas", { level: name(one.name, t("whatif.past_areas")), n: one.areas.length })}</summary>
    ${sidesView("", one.areas)}</details>`);
}

/** @param {string} before @param {string} after */
function changeView(before, after) {
  return before === after ? before : html`<span class="was">${before}</span> → <b>${after}</b>`;
}

/** New cases over time of one department, two bars for each hour or day. @param {any} result @param {any} state @param {any} act */
function workView({ workload, departments }, state, act) {
  const chosen = state.department ?? mostChanged(departments);
  const rows = workload.rows.filter((/** @type {any} */ row) => row.department === chosen);
  const times = [...new Set(workload.rows.map((/** @type {any} */ row) => row.at))];
  const most = Math.max(1, ...rows.map((/** @type {any} */ row) => Math.max(row.before, row.after)));
  const step = WIDTH / Math.max(1, times.length);
  return html`<h2>${t(`whatif_work.${workload.by}`)}
      <select data-act="department" @change=${(/** @type {any} */ event) => act.show(event.target.value)}>
        ${departments.map((/** @type {any} */ one) => html`<option value=${one.code} ?selected=${one.code === chosen}>${name(one.name, one.code)}</option>`)}</select></h2>
    <svg class="work" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${t("whatif.work_says", { m: most })}>
      ${rows.map((/** @type {any} */ row) => barsView(row, times.indexOf(row.at) * step, step, HEIGHT / most))}</svg>
    <p class="quiet"><span class="key before"></span> ${t("whatif.before")} <span class="key after"></span> ${t("whatif.after")} · ${t("whatif.work_says", { m: most })}</p>`;
}

/** @param {any} row @param {number} x @param {number} step @param {number} unit */
function barsView(row, x, step, unit) {
  const wide = Math.max(1, step * 0.4);
  return svg`<g><title>${timeText(row.at)}: ${row.before} → ${row.after}</title>
    <rect class="before" x=${x} y=${HEIGHT - row.before * unit} width=${wide} height=${row.before * unit}></rect>
    <rect class="after" x=${x + wide} y=${HEIGHT - row.after * unit} width=${wide} height=${row.after * unit}></rect></g>`;
}

/** @param {any[]} departments */
function mostChanged(departments) {
  const change = (/** @type {any} */ one) => one.moved_in + one.moved_out;
  return [...departments].sort((one, other) => change(other) - change(one))[0]?.code ?? "";
}

/** @param {any} result @param {string} trial */
function casesView({ changed_cases: cases, changed }, trial) {
  return html`<h2>${t("whatif.changed", { n: number(cases.length), m: number(changed) })}
      <a class="plain" href="/api/whatif/${trial}/changed.csv" download>${t("whatif.table")}</a></h2>
    <table class="dead cases"><thead><tr><th>${t("whatif.case")}</th><th>${t("whatif.differs")}</th><th>${t("whatif.before")}</th><th>${t("whatif.after")}</th></tr></thead>
      <tbody>${cases.map((/** @type {any} */ one) => html`<tr data-case=${one.case}>
        <td>${one.number}<br><code>${one.category}</code><br>${timeText(one.opened_at)}</td>
        <td>${one.differences.map((/** @type {string} */ kind) => html`<span class="tag">${t(`whatif_differs.${kind}`)}</span> `)}</td>
        <td>${verdictView(one.before)}</td><td>${verdictView(one.after)}</td></tr>`)}</tbody></table>`;
}

/** @param {any} side */
function verdictView(side) {
  return html`${side.problem ? nothing : html`<b>${side.department ?? "–"}</b> · ${side.cell} · ${t("whatif.severity", { n: side.severity })}<br>`}
    ${name(side.why)}${side.limit.zh ? html`<br>${name(side.limit)}` : nothing}
    ${side.late_since ? html`<br><span class="late">${t("whatif.late_since", { at: timeText(side.late_since) })}</span>` : nothing}`;
}

/** @param {number} value */
const number = (value) => value.toLocaleString("en");

/** @param {number | null} share */
const percent = (share) => (share === null ? "–" : `${(share * 100).toFixed(1)} %`);
