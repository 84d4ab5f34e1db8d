// The page of dead reports: what stood in the way, let it be decided again, put it right.

import { ask, tell } from "./api.js";
import { t } from "./i18n.js";
import { sheetOf } from "./sheet.js";
import { deadView } from "./views/dead.js";

const AGAIN_MS = 5_000;

const { state, acts, set, trying, complain, followModes, start } = sheetOf({
  title: "dead.title",
  view: deadView,
  headline: (now) => `${now.list?.dead.length ?? 0} · ${t("dead.title")}`,
  state: {
    /** @type {any} what /api/catalogue told */
    catalogue: null,
    /** @type {any} what /api/dead told: the reports, and what this person may do */
    list: null,
    /** @type {any} what /api/dead/{id} told about the one that is open */
    open: null,
    done: "",
  },
});

async function list() {
  set({ list: await ask("/api/dead") });
}

Object.assign(acts, {
  /** @param {number} id */
  open: (id) => trying(async () => set({ open: await ask(`/api/dead/${id}`), done: "" })),

  close: () => set({ open: null, problem: "" }),

  /** @param {number} id */
  replay: (id) =>
    trying(async () => {
      await tell(`/api/dead/${id}/replay`, {});
      set({ open: null, done: t("dead.replayed", { n: id }) });
      await list();
    }),

  /** @param {SubmitEvent} event */
  edit: (event) => {
    event.preventDefault();
    const { open } = state;
    const correction = changesOf(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)), open);
    if (!Object.keys(correction).length) return set({ problem: t("dead.unchanged") });
    return trying(async () => {
      const { report } = await tell(`/api/dead/${open.id}/edit`, correction);
      set({ open: null, done: t("dead.righted", { n: open.id, m: report }) });
      await list();
    });
  },
});

/** What differs from the dead report; numbers as numbers. @param {FormData} form @param {any} dead */
function changesOf(form, dead) {
  /** @type {Record<string, string | number>} */
  const changes = {};
  for (const [field, told] of form) {
    const text = String(told).trim();
    const number = field === "lon" || field === "lat";
    if (text === String(dead[field] ?? "") || (number && !text)) continue;
    changes[field] = number ? Number(text) : text;
  }
  return changes;
}

/** Quietly: a form that is being filled in stays as it is. */
async function follow() {
  await list().catch(complain);
  setTimeout(() => void follow(), AGAIN_MS);
}

void start(async () => {
  void followModes();
  void follow();
  set({ catalogue: await ask("/api/catalogue") });
});
