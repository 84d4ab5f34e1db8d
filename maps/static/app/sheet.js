// What every page that is not the map does alike: who is here, its bar, what goes wrong, the language.

import { render } from "../vendor/lit-html-3.3.3/lit-html.js";
import { ApiProblem, ask } from "./api.js";
import { language, setLanguage, setZone, t } from "./i18n.js";
import { barView } from "./views/bar.js";

const MODES_AGAIN_MS = 2_000;

/** What every sheet knows; a page adds its own. */
const SHARED = {
  /** @type {import("./store.js").Person | null} */
  person: null,
  /** @type {string[]} */
  degraded: [],
  problem: "",
  busy: false,
};

/** The language is the other one from now on. @param {() => void} draw */
export function switchLanguage(draw) {
  setLanguage(language() === "zh" ? "en" : "zh");
  draw();
}

/**
 * A sheet: *title* is the key of its name, *headline* what the window is called, *view* draws its content from the
 * state and the acts. Pages change it by `set` and do by `trying` what may go wrong.
 * @template S
 * @param {{ title: string, state: S, view: (state: S & typeof SHARED, acts: any) => unknown, headline?: (state: S & typeof SHARED) => string }} told
 */
export function sheetOf({ title, state: own, view, headline }) {
  const state = { ...SHARED, ...own };
  /** @type {Record<string, any>} */
  const acts = {
    switchLanguage: () => switchLanguage(draw),
    logOut: () => trying(async () => {
      await ask("/api/session", { method: "DELETE" });
      location.assign("/login");
    }),
  };

  function draw() {
    document.title = headline?.(state) ?? `${t(title)} · ${t("app.title")}`;
    render(barView(state.person, acts, title), part("top"));
    render(view(state, acts), part("main"));
  }

  /** @param {Partial<typeof state>} changes */
  function set(changes) {
    Object.assign(state, changes);
    draw();
  }

  /** Do it, with what goes wrong told on the page. @param {() => Promise<void>} act */
  async function trying(act) {
    set(/** @type {any} */ ({ busy: true, problem: "" }));
    try {
      await act();
    } catch (error) {
      complain(error);
    } finally {
      set(/** @type {any} */ ({ busy: false }));
    }
  }

  /** @param {unknown} error */
  function complain(error) {
    if (!(error instanceof ApiProblem)) throw error;
    if (error.status === 401) return location.assign("/login");
    const away = error.status === 0 || error.status >= 500;
    const problem = away ? t("problem.away") : error.status === 403 ? t("problem.refused") : error.detail;
    set(/** @type {any} */ ({ problem }));
  }

  /** Without the cookie: the server answers this one from memory, also when its database is away. */
  async function followModes() {
    try {
      const { degraded } = await ask("/api/state", { credentials: "omit" });
      set(/** @type {any} */ ({ degraded }));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
    setTimeout(() => void followModes(), MODES_AGAIN_MS);
  }

  /** Draw it, learn who is here, and what the page wants to know first. @param {() => Promise<void>} first */
  async function start(first) {
    setLanguage(language());
    draw();
    await trying(async () => {
      const [person] = await Promise.all([ask("/api/session"), first()]);
      setZone(person.timezone ?? undefined);
      set(/** @type {any} */ ({ person }));
    });
  }

  return { state, acts, set, trying, complain, followModes, start };
}

/** @param {string} id */
export const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
