// The situations that go on: asked for when the log says that something happened to one.

import { ApiProblem, ask } from "./api.js";
import { t } from "./i18n.js";

export class Situations {
  /** @param {import("./store.js").Store} store @param {() => import("./mapview.js").MapView | null} map */
  constructor(store, map) {
    this.store = store;
    this.map = map;
    this.asking = false;
    this.again = false;
    for (const name of ["choose", "acknowledge", "dismiss"]) {
      const own = /** @type {any} */ (this);
      own[name] = own[name].bind(this);
    }
  }

  /** Ask for all of them; a second wish while the first is under way is one more question after it. */
  async reread() {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    try {
      const { situations } = await ask("/api/situations?going_on=true&limit=200");
      this.store.set({ situations });
      this.showOnMap();
      await this.look();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    } finally {
      this.asking = false;
    }
    if (this.again) {
      this.again = false;
      await this.reread();
    }
  }

  showOnMap() {
    const { situations, situationId } = this.store.state;
    this.map()?.showSituations(situations, situationId);
  }

  /** Look at one, or at none when it is looked at already. @param {number} id */
  choose(id) {
    const { situationId, situations } = this.store.state;
    const next = situationId === id ? null : id;
    this.store.set({ situationId: next, situation: null, situationProblem: "" });
    this.showOnMap();
    const chosen = situations.find((one) => one.id === next);
    if (chosen) this.map()?.frame(chosen.outline);
    void this.look();
  }

  /** Ask for everything about the one that is looked at. */
  async look() {
    const id = this.store.state.situationId;
    if (id === null) return;
    try {
      const situation = await ask(`/api/situations/${id}`);
      if (this.store.state.situationId === id) this.store.set({ situation });
    } catch (error) {
      this.fail(error);
    }
  }

  acknowledge() {
    return this.order("acknowledge", {});
  }

  /** @param {string} reason */
  dismiss(reason) {
    if (!reason.trim()) return void this.store.set({ situationProblem: t("situation.why_dismiss") });
    return this.order("dismiss", { reason });
  }

  /** Give an order for the situation as it is seen here. @param {string} order @param {object} body */
  async order(order, body) {
    const { situationId, situation } = this.store.state;
    if (situationId === null || !situation) return;
    try {
      const told = await ask(`/api/situations/${situationId}/${order}`, {
        method: "POST",
        headers: { "content-type": "application/json", "if-match": `"${situation.situation.version}"` },
        body: JSON.stringify(body),
      });
      this.store.set({ situation: told, situationProblem: "" });
    } catch (error) {
      this.fail(error);
    }
    await this.reread();
  }

  /** @param {unknown} error */
  fail(error) {
    if (!(error instanceof ApiProblem)) throw error;
    this.store.set({ situationProblem: error.status ? error.detail : t("problem.away") });
  }
}
