// How urgent a case is at a moment, and how that is said. Times are milliseconds since 1970.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long after it was opened a case counts as new. */
export const NEW_FOR = 10 * MINUTE;

/** @typedef {"new" | "on_time" | "due_soon" | "overdue" | "to_check"} Urgency */

/** @type {Urgency[]} From the most to the least pressing. */
export const URGENCIES = ["overdue", "due_soon", "new", "on_time", "to_check"];

/**
 * The last quarter of a case's time is "soon", but never under half an hour nor over four hours.
 * @param {import("./board.js").Marker} marker
 */
export function soonFrom(marker) {
  const due = Date.parse(marker.due_at ?? "");
  const given = due - Date.parse(marker.opened_at);
  return due - Math.min(4 * HOUR, Math.max(30 * MINUTE, given / 4));
}

/**
 * @param {import("./board.js").Marker} marker
 * @param {number} now server time
 * @returns {Urgency}
 */
export function urgencyOf(marker, now) {
  if (marker.state === "handled" || marker.state === "verified") return "to_check";
  if (marker.overdue) return "overdue";
  if (marker.suspended_at) return "on_time";
  if (marker.due_at) {
    if (Date.parse(marker.due_at) <= now) return "overdue";
    if (soonFrom(marker) <= now) return "due_soon";
  }
  const waits = marker.state === "reported" || marker.state === "filed";
  return waits || now - Date.parse(marker.opened_at) < NEW_FOR ? "new" : "on_time";
}

/**
 * A span in the two largest units that matter, for the reader's language.
 * @param {number} span milliseconds, its sign is ignored
 * @param {(key: string, values?: Record<string, string | number>) => string} t
 */
export function spanText(span, t) {
  const rest = Math.abs(span);
  if (rest < HOUR) return t("span.minutes", { m: Math.floor(rest / MINUTE) });
  const clock = { h: Math.floor((rest % DAY) / HOUR), m: Math.floor((rest % HOUR) / MINUTE) };
  if (rest < DAY) return t("span.hours", clock);
  return t("span.days", { d: Math.floor(rest / DAY), h: clock.h });
}

/**
 * How much time is left, or since when it is over.
 * @param {import("./board.js").Marker} marker
 * @param {number} now
 * @param {(key: string, values?: Record<string, string | number>) => string} t
 */
export function countdownText(marker, now, t) {
  if (marker.suspended_at) return t("due.suspended");
  if (!marker.due_at) return t("due.none");
  const left = Date.parse(marker.due_at) - now;
  const span = spanText(left, t);
  return left >= 0 ? t("due.left", { span }) : t("due.over", { span });
}
