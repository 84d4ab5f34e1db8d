// The page of evaluation: ask by what and for which time, read the table, take it as a file, print it.

import { ask } from "./api.js";
import { sheetOf } from "./sheet.js";
import { evaluationView } from "./views/evaluation.js";

const FIELDS = ["by", "from", "until", "as_of", "grid"];

const { state, acts, set, trying, start } = sheetOf({
  title: "evaluation.title",
  view: evaluationView,
  state: {
    /** @type {any} what /api/evaluation/definitions told: the words of counts and indicators, grades, levels */
    words: null,
    /** @type {any} what /api/evaluation told */
    found: null,
    /** What is asked; it is kept in the address, so that it can be passed on. @type {Record<string, string>} */
    asked: { by: "department", grid: "then" },
    counts: false,
  },
});

Object.assign(acts, {
  /** @param {SubmitEvent} event */
  ask: (event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    return show(given((field) => String(form.get(field) ?? "")));
  },

  /** Whole months are what is asked for most. @param {number} ago */
  month: (ago) => {
    const [from, until] = [ago, ago - 1].map((n) => firstOf(n));
    return show({ by: state.asked.by, grid: state.asked.grid, from, ...(ago ? { until } : {}) });
  },

  toggleCounts: () => set({ counts: !state.counts }),

  print: () => window.print(),
});

/** @param {(field: string) => string} told @returns {Record<string, string>} */
function given(told) {
  return Object.fromEntries(FIELDS.map((field) => [field, told(field)]).filter(([, value]) => value));
}

/** The first day of the month that was so many months ago, by the reader's clock. @param {number} ago */
function firstOf(ago) {
  const now = new Date();
  const first = new Date(now.getFullYear(), now.getMonth() - ago, 1);
  return `${first.getFullYear()}-${String(first.getMonth() + 1).padStart(2, "0")}-01`;
}

/** @param {Record<string, string>} asked */
function show(asked) {
  set({ asked });
  history.replaceState(null, "", `?${new URLSearchParams(asked)}`);
  return trying(async () => set({ found: await ask(`/api/evaluation?${new URLSearchParams(asked)}`) }));
}

void start(async () => {
  const address = new URLSearchParams(location.search);
  set({ words: await ask("/api/evaluation/definitions") });
  await show({ ...state.asked, ...given((field) => address.get(field) ?? "") });
});
