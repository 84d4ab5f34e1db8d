// The page of what-if: name what to try, watch it, read what would have been different.

import { render } from "../vendor/lit-html-3.3.3/lit-html.js";
import { ApiProblem, ask } from "./api.js";
import { language, setLanguage, t } from "./i18n.js";
import { barView } from "./views/bar.js";
import { whatifView } from "./views/whatif.js";

const AGAIN_MS = 500;

const state = {
  /** @type {import("./store.js").Person | null} */
  person: null,
  part: "pack",
  /** @type {any} the last trial of this person, with its result once that is there */
  trial: null,
  /** @type {string | null} whose work over time is drawn; null is whose changes most */
  department: null,
  problem: "",
  busy: false,
};

function draw() {
  document.title = `${t("whatif.title")} · ${t("app.title")}`;
  render(barView(state.person, acts, "whatif.title"), /** @type {HTMLElement} */ (document.getElementById("top")));
  render(whatifView(state, acts), /** @type {HTMLElement} */ (document.getElementById("whatif")));
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

const acts = {
  /** @param {string} part */
  choose: (part) => set({ part, problem: "" }),

  /** @param {SubmitEvent} event */
  begin: (event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    return trying(async () => {
      set({ trial: null });
      const { id } = await ask(addressOf(form), { method: "POST", ...bodyOf(form) });
      set({ trial: await ask(`/api/whatif/${id}`), department: null });
      void follow(id);
    });
  },

  stop: () => trying(async () => {
    set({ trial: await ask(`/api/whatif/${state.trial.id}`, { method: "DELETE" }) });
  }),

  /** @param {string} department */
  show: (department) => set({ department }),

  switchLanguage: () => {
    setLanguage(language() === "zh" ? "en" : "zh");
    draw();
  },

  logOut: () => trying(async () => {
    await ask("/api/session", { method: "DELETE" });
    location.assign("/login");
  }),
};

/** @param {FormData} form */
function addressOf(form) {
  const query = new URLSearchParams();
  for (const name of ["from", "until"]) if (form.get(name)) query.set(name, String(form.get(name)));
  if (state.part === "grid") query.set("grid", String(form.get("grid")));
  else query.set("part", state.part);
  return `/api/whatif?${query}`;
}

/** @param {FormData} form @returns {RequestInit} */
function bodyOf(form) {
  if (state.part === "grid") return {};
  const type = state.part === "pack" ? "application/zip" : "text/plain";
  return { body: /** @type {File} */ (form.get("file")), headers: { "content-type": type } };
}

/** Look again until it is over; another trial that was begun meanwhile has its own watcher. @param {string} id */
async function follow(id) {
  try {
    const trial = await ask(`/api/whatif/${id}`);
    if (state.trial?.id !== id) return;
    set({ trial });
    if (trial.stage === "running") setTimeout(() => void follow(id), AGAIN_MS);
  } catch (error) {
    complain(error);
  }
}

async function start() {
  setLanguage(language());
  draw();
  await trying(async () => {
    const [person, { trial }] = await Promise.all([ask("/api/session"), ask("/api/whatif")]);
    set({ person, trial });
    if (trial) void follow(trial.id);
  });
}

void start();
