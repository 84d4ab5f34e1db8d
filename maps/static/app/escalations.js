// The page of escalations: which ladders are climbed, who was told and how, and who sees to it.

import { ask, tell } from "./api.js";
import { t } from "./i18n.js";
import { sheetOf } from "./sheet.js";
import { escalationsView } from "./views/escalations.js";

const AGAIN_MS = 10_000;

/** What is asked of the list, by the name of its choice. @type {Record<string, Record<string, string>>} */
const CHOICES = { open: { open: "true" }, mine: { mine: "true", open: "true" }, failed: { failed: "true" }, all: {} };

const { state, acts, set, trying, complain, followModes, start } = sheetOf({
  title: "escalations.title",
  view: escalationsView,
  headline: (now) => `${now.list?.escalations.length ?? 0} · ${t("escalations.title")}`,
  state: {
    choices: Object.keys(CHOICES),
    choice: "open",
    /** @type {any} what /api/escalations told */
    list: null,
    done: "",
  },
});

async function list() {
  const { choice } = state;
  const found = await ask(`/api/escalations?${new URLSearchParams({ ...CHOICES[choice], limit: "100" })}`);
  if (choice === state.choice) set({ list: found });
}

Object.assign(acts, {
  /** @param {string} choice */
  choose: (choice) => {
    set({ choice, done: "" });
    return trying(list);
  },

  more: () => trying(async () => {
    const query = new URLSearchParams({ ...CHOICES[state.choice], limit: "100", before: String(state.list.next) });
    const { escalations, next } = await ask(`/api/escalations?${query}`);
    set({ list: { escalations: [...state.list.escalations, ...escalations], next } });
  }),

  /** @param {any} one */
  acknowledge: (one) => trying(async () => {
    await tell(`/api/escalations/${one.id}/acknowledge`, {});
    set({ done: t("escalations.done", { number: one.number, step: one.step }) });
    await list();
  }),
});

/** What somebody has paged through is left as it is. */
async function follow() {
  if ((state.list?.escalations.length ?? 0) <= 100) await list().catch(complain);
  setTimeout(() => void follow(), AGAIN_MS);
}

void start(async () => {
  void followModes();
  await follow();
});
