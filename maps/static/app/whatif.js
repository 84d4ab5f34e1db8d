// The page of what-if: name what to try, watch it, read what would have been different.

import { ask } from "./api.js";
import { sheetOf } from "./sheet.js";
import { whatifView } from "./views/whatif.js";

const AGAIN_MS = 500;

const { state, acts, set, trying, complain, start } = sheetOf({
  title: "whatif.title",
  view: whatifView,
  state: {
    part: "pack",
    /** @type {any} the last trial of this person, with its result once that is there */
    trial: null,
    /** @type {string | null} whose work over time is drawn; null is whose changes most */
    department: null,
  },
});

Object.assign(acts, {
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
});

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

void start(async () => {
  const { trial } = await ask("/api/whatif");
  set({ trial });
  if (trial) void follow(trial.id);
});
