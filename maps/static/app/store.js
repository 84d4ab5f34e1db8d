// The state of the page, and who is told when it changes. Views are pure functions of it.

import { NO_FILTER } from "./lanes.js";

/**
 * @typedef {object} Person
 * @property {string} login
 * @property {{ zh: string, en: string } | null} name
 * @property {string[]} roles
 *
 * @typedef {object} State
 * @property {Person | null} person
 * @property {any} city what /api/map/city told
 * @property {import("./board.js").Board | null} board
 * @property {import("./lanes.js").Filter} filter
 * @property {number | null} selected id of the case in the panel
 * @property {number | null} hovered id of the case under the pointer, on the map or in the queue
 * @property {any} detail what /api/cases/{id} told about the selected case
 * @property {any} twins what /api/cases/{id}/duplicates told about it; null for who may not merge
 * @property {number | null} into the case to merge into that was chosen from those
 * @property {string} problem what went wrong with the last request of the panel, or ""
 * @property {string} order the move a person is about to make, or ""
 * @property {boolean} busy a move is on its way
 * @property {boolean} help whether the keyboard help is open
 * @property {Record<string, number>} more how many rows each lane shows
 * @property {Record<string, boolean>} folded
 * @property {any} cell the cell under the pointer
 * @property {any[]} situations those that go on, the newest first
 * @property {any} situation what /api/situations/{id} told about the one that is looked at, or null
 * @property {number | null} situationId id of the situation that is looked at
 * @property {string} situationProblem what went wrong with it, or ""
 * @property {number | null} dead how many reports nobody could decide; null for who may not know
 * @property {string} mapProblem why there is no map, or ""
 */

/** @returns {State} */
export function firstState() {
  return {
    person: null,
    city: null,
    board: null,
    filter: { ...NO_FILTER },
    selected: null,
    hovered: null,
    detail: null,
    twins: null,
    into: null,
    problem: "",
    order: "",
    busy: false,
    help: false,
    more: {},
    folded: {},
    cell: null,
    situations: [],
    situation: null,
    situationId: null,
    situationProblem: "",
    dead: null,
    mapProblem: "",
  };
}

export class Store {
  constructor() {
    this.state = firstState();
    /** @type {((state: State) => void)[]} */
    this.listeners = [];
    this.waiting = false;
  }

  /** @param {Partial<State>} changes */
  set(changes) {
    Object.assign(this.state, changes);
    this.touch();
  }

  /** Tell everybody, once per frame however often it is called. */
  touch() {
    if (this.waiting) return;
    this.waiting = true;
    // A page in the background gets no frames; the timer keeps it going at a slow pace.
    const run = () => {
      if (!this.waiting) return;
      this.waiting = false;
      for (const listener of this.listeners) listener(this.state);
    };
    requestAnimationFrame(run);
    setTimeout(run, 500);
  }

  /** @param {(state: State) => void} listener */
  subscribe(listener) {
    this.listeners.push(listener);
  }
}
