// What a person can do on the page. Views and keys call these; nothing else changes the state.

import { writeAddress } from "./address.js";
import { ApiProblem, ask, tell } from "./api.js";
import { language, setLanguage, t } from "./i18n.js";
import { NO_FILTER } from "./lanes.js";
import { DARK, LIGHT } from "./palette.js";
import { ROWS } from "./views/queue.js";

const THEME = "citygrid.theme";

export class Acts {
  /**
   * @param {import("./store.js").Store} store
   * @param {import("./feed.js").Feed} feed
   * @param {{ map: () => import("./mapview.js").MapView | null, showOnMap: () => void,
   *           shown: () => import("./board.js").Marker[],
   *           visible: (marker: import("./board.js").Marker) => boolean }} page
   */
  constructor(store, feed, page) {
    this.store = store;
    this.feed = feed;
    this.page = page;
    /** @type {number[]} ids of the queue from top to bottom */
    this.order = [];
    /** @type {Map<string, any>} */
    this.cells = new Map();
    for (const name of Object.getOwnPropertyNames(Acts.prototype)) {
      const own = /** @type {any} */ (this);
      if (name !== "constructor") own[name] = own[name].bind(this);
    }
  }

  // ── looking ──

  /** @param {number} id @param {boolean} fly bring it into the middle of the map */
  open(id, fly) {
    const marker = this.store.state.board?.markers.get(id);
    this.store.set({ selected: id, detail: null, twins: null, problem: "", order: "", into: null });
    this.page.map()?.select(marker ?? null);
    if (marker && fly) this.page.map()?.focus(marker);
    writeAddress(this.store.state.filter, id);
    void this.reread();
    this.scrollTo(id);
  }

  close() {
    this.store.set({ selected: null, detail: null, twins: null, problem: "", order: "", into: null });
    this.page.map()?.select(null);
    writeAddress(this.store.state.filter, null);
  }

  /** Ask again for everything about the selected case. */
  async reread() {
    const id = this.store.state.selected;
    if (!id) return;
    try {
      const detail = await ask(`/api/cases/${id}`);
      if (this.store.state.selected === id) this.store.set({ detail });
      await this.readTwins(detail);
    } catch (error) {
      if (this.store.state.selected === id) this.store.set({ problem: sentence(error) });
    }
  }

  /** What may be the same incident, for who may merge; and what was merged into it. @param {any} detail */
  async readTwins(detail) {
    const { id, merged_reports: merged } = detail.case;
    if (!merged && !detail.moves.some((/** @type {any} */ one) => one.move === "merge")) return;
    try {
      const twins = await ask(`/api/cases/${id}/duplicates`);
      if (this.store.state.selected === id) this.store.set({ twins });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error; // what is only suggested may be missing
    }
  }

  /** The order to merge the case into another; why is still to be said. @param {number} into */
  mergeInto(into) {
    this.store.set({ order: "merge", into, problem: "" });
  }

  /** @param {number | null} id */
  hover(id) {
    if (this.store.state.hovered === id) return;
    this.page.map()?.hover(id);
    this.store.set({ hovered: id });
  }

  /** @param {any} cell */
  showCell(cell) {
    if (this.store.state.cell?.code !== cell?.code) this.store.set({ cell });
  }

  /** The name of a cell; asked for once, empty until the answer is there. @param {string} code */
  cellName(code) {
    if (!this.cells.has(code)) {
      this.cells.set(code, null);
      ask(`/api/map/cells/${encodeURIComponent(code)}`).then(
        (cell) => {
          this.cells.set(code, cell.name);
          this.store.touch();
        },
        () => this.cells.delete(code),
      );
    }
    return this.cells.get(code);
  }

  centre() {
    const { board, selected } = this.store.state;
    const marker = board?.markers.get(selected ?? 0);
    if (marker) this.page.map()?.focus(marker);
  }

  home() {
    this.page.map()?.home();
  }

  /** Go up or down the queue. @param {number} by */
  step(by) {
    if (!this.order.length) return;
    const at = this.order.indexOf(this.store.state.selected ?? 0);
    const next = at < 0 ? (by > 0 ? 0 : this.order.length - 1) : at + by;
    const id = this.order[Math.min(Math.max(next, 0), this.order.length - 1)];
    this.open(id, false);
  }

  /** @param {number} id */
  scrollTo(id) {
    requestAnimationFrame(() =>
      document.getElementById(`case-${id}`)?.scrollIntoView({ block: "nearest" }),
    );
  }

  escape() {
    const { help, order } = this.store.state;
    if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
    else if (help) this.toggleHelp();
    else if (order) this.choose(null);
    else this.close();
  }

  search() {
    document.getElementById("search")?.focus();
  }

  toggleHelp() {
    this.store.set({ help: !this.store.state.help });
  }

  // ── choosing what is shown ──

  /** @param {Partial<import("./lanes.js").Filter>} changes */
  setFilter(changes) {
    this.store.set({ filter: { ...this.store.state.filter, ...changes } });
    writeAddress(this.store.state.filter, this.store.state.selected);
    this.page.showOnMap();
  }

  clearFilter() {
    this.setFilter({ ...NO_FILTER });
  }

  /** @param {string} lane */
  fold(lane) {
    const { folded } = this.store.state;
    this.store.set({ folded: { ...folded, [lane]: !folded[lane] } });
  }

  /** @param {string} lane */
  showMore(lane) {
    const { more } = this.store.state;
    this.store.set({ more: { ...more, [lane]: (more[lane] ?? ROWS) + ROWS } });
  }

  switchLanguage() {
    setLanguage(language() === "zh" ? "en" : "zh");
    this.page.map()?.setLanguage(language());
    this.store.touch();
  }

  isDark() {
    return document.documentElement.dataset.theme === "dark";
  }

  palette() {
    return this.isDark() ? DARK : LIGHT;
  }

  applyTheme() {
    const kept = keep(() => localStorage.getItem(THEME));
    document.documentElement.dataset.theme = kept === "dark" ? "dark" : "light";
  }

  switchTheme() {
    const next = this.isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    keep(() => localStorage.setItem(THEME, next));
    this.page.map()?.setPalette(this.palette(), language());
    this.store.touch();
  }

  // ── acting on a case ──

  /** @param {{ move: string, needs_reason: boolean, needs_department: boolean, needs_severity: boolean, needs_case: boolean, takes_deadline: boolean, needs_photo: boolean, needs_correction: boolean } | null} move */
  choose(move) {
    if (!move) return this.store.set({ order: "", into: null, problem: "" });
    if (move.needs_reason || move.needs_department || move.needs_severity || move.needs_case
      || move.takes_deadline || move.needs_photo || move.needs_correction) {
      return this.store.set({ order: move.move, into: null, problem: "" });
    }
    void this.carryOut({ move: move.move });
  }

  /** @param {SubmitEvent} event */
  send(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const reason = String(form.get("reason") ?? "").trim();
    const department = String(form.get("department") ?? "");
    const until = String(form.get("until") ?? "");
    const severity = Number(form.get("severity") ?? 0);
    const other = Number(form.get("case") ?? 0);
    const photos = form.getAll("photos").map(String);
    const taken = form.getAll("taken").filter((one) => one instanceof File && one.size);
    const category = String(form.get("category") ?? "");
    const [lon, lat] = ["lon", "lat"].map((field) => String(form.get(field) ?? ""));
    void this.carryOut({
      move: this.store.state.order,
      reason,
      ...(department ? { department } : {}),
      ...(until ? { until: new Date(until).toISOString() } : {}),
      ...(severity ? { severity } : {}),
      ...(other ? { case: other } : {}),
      ...(photos.length ? { photos } : {}),
      ...(category ? { category } : {}),
      ...(lon ? { lon: Number(lon), datum: "wgs84" } : {}),
      ...(lat ? { lat: Number(lat), datum: "wgs84" } : {}),
    }, /** @type {File[]} */ (taken));
  }

  /** *taken* are photos to be added to the case first. @param {Record<string, any>} order @param {File[]} [taken] */
  async carryOut(order, taken = []) {
    const { selected, detail } = this.store.state;
    this.store.set({ busy: true, problem: "" });
    try {
      const added = [];
      for (const one of taken) added.push(await addPhoto(selected, one));
      const told = {
        ...order,
        ...(added.length ? { photos: [...(order.photos ?? []), ...added] } : {}),
      };
      const seen = { "if-match": `"${detail.case.version}"` };
      const answer = await tell(`/api/cases/${selected}/moves`, told, seen);
      this.store.set({ detail: answer, order: "", into: null });
      await this.readTwins(answer);
    } catch (error) {
      const stale = error instanceof ApiProblem && error.status === 412;
      this.store.set({ problem: stale ? t("panel.stale") : sentence(error) });
      if (stale) await this.reread();
    } finally {
      this.store.set({ busy: false });
    }
  }

  async logOut() {
    try {
      await ask("/api/session", { method: "DELETE" });
    } finally {
      location.assign("/login");
    }
  }
}

/** @param {number | null} id @param {File} file @returns {Promise<string>} */
async function addPhoto(id, file) {
  const body = new FormData();
  body.set("photo", file);
  return (await ask(`/api/cases/${id}/photos`, { method: "POST", body })).photo;
}

/** @param {unknown} error */
function sentence(error) {
  if (!(error instanceof ApiProblem)) throw error;
  if (error.status === 0 || error.status >= 500) return t("problem.away");
  if (error.status === 404) return t("panel.gone");
  return error.status === 403 ? `${t("problem.refused")} (${error.detail})` : error.detail;
}

/** Storage may be forbidden; then the choice lasts as long as the page. @template T @param {() => T} act */
function keep(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
