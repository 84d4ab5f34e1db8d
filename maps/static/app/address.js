// What a person has set is kept in the address, so that it survives a reload and can be passed on.

import { NO_FILTER } from "./lanes.js";

const NAMES = Object.keys(NO_FILTER);

/** @param {string} search @returns {{ filter: import("./lanes.js").Filter, selected: number | null }} */
export function readAddress(search) {
  const told = new URLSearchParams(search);
  const filter = Object.fromEntries(NAMES.map((name) => [name, told.get(name) ?? ""]));
  const selected = Number(told.get("case"));
  return {
    filter: /** @type {import("./lanes.js").Filter} */ (filter),
    selected: Number.isSafeInteger(selected) && selected > 0 ? selected : null,
  };
}

/** @param {import("./lanes.js").Filter} filter @param {number | null} selected */
export function writeAddress(filter, selected) {
  const told = new URLSearchParams(Object.entries(filter).filter(([, value]) => value));
  if (selected) told.set("case", String(selected));
  const search = told.toString();
  history.replaceState(null, "", `${location.pathname}${search ? `?${search}` : ""}${location.hash}`);
}
