// The queue: which cases pass the filter, in which lane, in which order.

import { urgencyOf } from "./deadlines.js";

/** @typedef {import("./board.js").Marker} Marker */
/** @typedef {import("./deadlines.js").Urgency} Urgency */
/** @typedef {{ department: string, state: string, category: string, area: string, text: string }} Filter */
/** @typedef {{ name: string, cases: Marker[] }} Lane */

/** Lanes from top to bottom, and the urgencies each takes. */
export const LANES = [
  { name: "new", takes: ["new"] },
  { name: "due_soon", takes: ["due_soon"] },
  { name: "overdue", takes: ["overdue"] },
  { name: "rest", takes: ["on_time", "to_check"] },
];

/** @type {Filter} */
export const NO_FILTER = { department: "", state: "", category: "", area: "", text: "" };

/**
 * @param {Marker} marker
 * @param {Filter} filter
 * @param {(marker: Marker) => string} textOf everything about a case that can be searched
 */
export function passes(marker, filter, textOf) {
  if (filter.department && marker.department !== filter.department) return false;
  if (filter.state && marker.state !== filter.state) return false;
  if (filter.category && !marker.category.startsWith(filter.category)) return false;
  if (filter.area && !marker.areas.includes(filter.area)) return false;
  return !filter.text || textOf(marker).toLowerCase().includes(filter.text.toLowerCase());
}

/**
 * @param {Iterable<Marker>} markers
 * @param {number} now
 * @returns {Lane[]}
 */
export function lanesOf(markers, now) {
  const lanes = LANES.map(({ name }) => ({ name, cases: /** @type {Marker[]} */ ([]) }));
  for (const marker of markers) {
    const urgency = urgencyOf(marker, now);
    lanes[LANES.findIndex(({ takes }) => takes.includes(urgency))].cases.push(marker);
  }
  for (const lane of lanes) lane.cases.sort(ORDERS[lane.name]);
  return lanes;
}

/** @type {Record<string, (a: Marker, b: Marker) => number>} */
const ORDERS = {
  new: (a, b) => a.severity - b.severity || b.id - a.id,
  due_soon: (a, b) => byDue(a, b) || a.severity - b.severity,
  overdue: (a, b) => a.severity - b.severity || byDue(a, b),
  rest: (a, b) => byDue(a, b) || a.severity - b.severity,
};

/** @param {Marker} a @param {Marker} b */
function byDue(a, b) {
  return (a.due_at ?? "9").localeCompare(b.due_at ?? "9") || a.id - b.id;
}
