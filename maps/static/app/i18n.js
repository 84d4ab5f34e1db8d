// Words in two languages, switched live; what the city names itself comes with both labels.

import en from "./i18n/en.js";
import zh from "./i18n/zh.js";

/** @typedef {"zh" | "en"} Language */

const TABLES = { zh, en };
const KEY = "citygrid.language";

/** @type {Language} */
let current = remembered();

/** @returns {Language} */
function remembered() {
  try {
    return localStorage.getItem(KEY) === "en" ? "en" : "zh";
  } catch {
    return "zh";
  }
}

/** @returns {Language} */
export function language() {
  return current;
}

/** @param {Language} next */
export function setLanguage(next) {
  current = next;
  document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser that keeps nothing still switches for as long as the page is open.
  }
}

/**
 * The sentence for a key; `{name}` is replaced by the value of that name.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const table = /** @type {Record<string, string>} */ (TABLES[current]);
  const sentence = table[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Whether there is a sentence for this key. @param {string} key */
export function has(key) {
  return key in TABLES[current];
}

/**
 * A label of the city in the reader's language, the other one when that is empty.
 * @param {{ zh: string, en: string } | null | undefined} label
 * @param {string} [otherwise]
 */
export function name(label, otherwise = "") {
  if (!label) return otherwise;
  return label[current] || label.zh || label.en || otherwise;
}

/** @type {string | undefined} */
let zone;

/** Times are told by the clocks of this zone from now on. @param {string | undefined} timezone that of the city */
export function setZone(timezone) {
  zone = timezone;
}

/** @param {string} at @param {string} [timezone] that of the city when left out */
export function timeText(at, timezone = zone) {
  return new Intl.DateTimeFormat(current === "zh" ? "zh-CN" : "en-GB", {
    timeZone: timezone,
    month: current === "zh" ? "numeric" : "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(new Date(at));
}
