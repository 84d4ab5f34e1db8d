// Why a case went where it went, in plain words, from what was stored when it was decided.

import { html, nothing } from "../../vendor/lit-html-3.3.3/lit-html.js";
import { name, t } from "../i18n.js";
import { areaName, categoryName, departmentName, wordOf } from "./words.js";

/** @param {any} why @param {any} city */
export function whyView(why, city) {
  const { routing, proposal, limit, versions } = why;
  return html`
    <p>${routing ? routingText(routing, city) : t("why.none")}</p>
    ${routing?.undecided?.length
      ? html`<p class="quiet">${t("why.undecided", { n: routing.undecided.length })}</p>`
      : nothing}
    ${proposal
      ? html`<p>${t("why.proposal", {
          department: departmentName(city, proposal.department),
          because: routingText(proposal, city),
          held: name(proposal.held),
        })}</p>`
      : nothing}
    ${limit ? html`<p>${limitText(limit)}</p>` : nothing}
    ${versions
      ? html`<p class="quiet">${t("why.versions", {
          grid: versions.grid ?? "–",
          catalogue: versions.catalogue ?? "–",
          calendar: versions.calendar ?? "–",
        })}</p>`
      : nothing}
  `;
}

/** @param {any} routing @param {any} city */
function routingText(routing, city) {
  const department = departmentName(city, routing.department ?? null);
  switch (routing.step) {
    case "rule":
      return t("why.rule", { name: routing.name, because: name(routing.because) });
    case "jurisdiction":
      return t("why.jurisdiction", {
        row: routing.row ? t("why.row", { row: routing.row }) : "",
        category: routing.category ? dutyCategory(routing.category, city) : t("why.everything"),
        department,
        area: routing.area ? t("why.in_area", { area: areaName(city, routing.area) }) : "",
      });
    case "territory":
      return t("why.territory", { area: areaName(city, routing.area || routing.name), department });
    default:
      return routing.reason
        ? t("why.person_reason", { name: routing.name, reason: routing.reason })
        : t("why.person", { name: routing.name });
  }
}

/** A duty may be written for one category, for a whole class, or for everything. @param {string} code @param {any} city */
function dutyCategory(code, city) {
  if (code === "*") return t("why.everything");
  if (city.categories[code]) return categoryName(city, code);
  const member = Object.values(city.categories).find((one) => one.class === code);
  return member ? name(member.class_name, code) : code;
}

/** @param {any} limit */
function limitText(limit) {
  const milestones = Object.entries(limit.milestones).map(([milestone, amount]) => {
    const [number, unit] = String(amount).split(" ");
    return t("why.milestone", { milestone: wordOf("milestone", milestone), number, unit: wordOf("unit", unit) });
  });
  return t("why.limit", { name: name(limit.name), milestones: milestones.join(", ") });
}
