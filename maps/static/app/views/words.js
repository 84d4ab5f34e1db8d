// How codes of the city are said in the reader's language; used by every view.

import { has, name, t } from "../i18n.js";

/** @param {any} city what /api/map/city told @param {string} code */
export function categoryName(city, code) {
  return name(city?.categories[code]?.name, code);
}

/** @param {any} city @param {string | null} code */
export function departmentName(city, code) {
  return code ? name(city?.departments[code], code) : t("queue.unassigned");
}

/** @param {any} city @param {string} code */
export function areaName(city, code) {
  return name(areasOf(city).get(code)?.name, code);
}

/** From the largest to the smallest. @param {any} city @param {string[]} codes smallest first */
export function areaPath(city, codes) {
  return codes.slice(0, -1).reverse().map((code) => areaName(city, code)).join(" › ");
}

/** @type {WeakMap<object, Map<string, any>>} */
const indexed = new WeakMap();

/** @param {any} city @returns {Map<string, any>} */
function areasOf(city) {
  if (!city) return new Map();
  const known = indexed.get(city.areas);
  if (known) return known;
  const areas = new Map(city.areas.map((/** @type {any} */ area) => [area.code, area]));
  indexed.set(city.areas, areas);
  return areas;
}

/** The sentence for a word of a fixed list, the word itself when it is new. @param {string} group @param {string} word */
export function wordOf(group, word) {
  return has(`${group}.${word}`) ? t(`${group}.${word}`) : word;
}

/** Everything about a case that a person may search for, in both languages. @param {any} city @param {import("../board.js").Marker} marker */
export function searchText(city, marker) {
  const labels = [
    city?.categories[marker.category]?.name,
    city?.departments[marker.department ?? ""],
    ...marker.areas.slice(0, -1).map((code) => areasOf(city).get(code)?.name),
  ];
  const names = labels.flatMap((label) => (label ? [label.zh, label.en] : []));
  return [marker.number, marker.category, marker.cell, marker.address, ...names].join(" ");
}
