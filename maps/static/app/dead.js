// The page of dead reports: what stood in the way, let it be decided again, put it right.

import { render } from "../vendor/lit-html-3.3.3/lit-html.js";
import { ApiProblem, ask, tell } from "./api.js";
import { language, setLanguage, t } from "./i18n.js";
import { deadView } from "./views/dead.js";
import { barView } from "./views/bar.js";

const AGAIN_MS = 5_000;
const MODES_AGAIN_MS = 2_000;

const state = {
  /** @type {import("./store.js").Person | null} */
  person: null,
  /** @type {any} what /api/catalogue told */
  catalogue: null,
  /** @type {any} what /api/dead told: the reports, and what this person may do */
  list: null,
  /** @type {any} what /api/dead/{id} told about the one that is open */
  open: null,
  /** @type {string[]} */
  degraded: [],
  problem: "",
  done: "",
  busy: false,
};

function draw() {
  document.title = `${state.list?.dead.length ?? 0} · ${t("dead.title")}`;
  render(barView(state.person, acts), /** @type {HTMLElement} */ (document.getElementById("top")));
  render(deadView(state, acts), /** @type {HTMLElement} */ (document.getElementById("dead")));
}

/** @param {Partial<typeof state>} changes */
function set(changes) {
  Object.assign(state, changes);
  draw();
}

/** Do it, with what goes wrong told on the page. @param {() => Promise<void>} act */
async function trying(act) {
  set({ busy: true, problem: "" });
  try {
    await act();
  } catch (error) {
    complain(error);
  } finally {
    set({ busy: false });
  }
}

/** @param {unknown} error */
function complain(error) {
  if (!(error instanceof ApiProblem)) throw error;
  if (error.status === 401) return location.assign("/login");
  const away = error.status === 0 || error.status >= 500;
  set({ problem: away ? t("problem.away") : error.status === 403 ? t("problem.refused") : error.detail });
}

async function list() {
  set({ list: await ask("/api/dead") });
}

const acts = {
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

  switchLanguage: () => {
    setLanguage(language() === "zh" ? "en" : "zh");
    draw();
  },

  logOut: () => trying(async () => {
    await ask("/api/session", { method: "DELETE" });
    location.assign("/login");
  }),
};

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

/** Without the cookie: the server answers this one from memory, also when its database is away. */
async function followModes() {
  try {
    const { degraded } = await ask("/api/state", { credentials: "omit" });
    set({ degraded });
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
  }
  setTimeout(() => void followModes(), MODES_AGAIN_MS);
}

async function start() {
  setLanguage(language());
  draw();
  await trying(async () => {
    const [person, catalogue] = await Promise.all([ask("/api/session"), ask("/api/catalogue")]);
    set({ person, catalogue });
  });
  void followModes();
  await follow();
}

void start();
