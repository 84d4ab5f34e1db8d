// Snapshot and stream: keeps a board current, and knows how old it is.

import { ApiProblem, ask } from "./api.js";
import { Board } from "./board.js";

const RETRY_MS = 2_000;
/** Beats come every three seconds; a stream silent for longer than this is dead. */
const SILENT_MS = 10_000;
/** How long a page out of sight keeps its stream. */
const HIDDEN_MS = 60_000;

/**
 * @typedef {object} FeedListener
 * @property {(board: Board) => void} started a new board has taken the place of the old one
 * @property {(change: NonNullable<ReturnType<Board["advance"]>>) => void} changed
 * @property {() => void} situations something happened to situations
 * @property {() => void} connection the connection or the age of the data changed
 * @property {() => void} loggedOut the session is over
 */

export class Feed {
  /** @param {FeedListener} listener */
  constructor(listener) {
    this.listener = listener;
    this.board = new Board(0, []);
    this.connected = false;
    /** Server time minus the clock of this machine, in milliseconds. */
    this.offset = 0;
    /** When the server was last sure to know the newest row, server time; 0 before the start. */
    this.currentAt = 0;
    /** @type {EventSource | null} */
    this.source = null;
    this.heardAt = 0;
    /** What of the servers is missing, worst first. @type {string[]} */
    this.degraded = [];
    /** The last row of the log that was about a situation; null before the first beat. @type {number | null} */
    this.situations = null;
    this.seenAt = Date.now();
    this.asleep = false;
    this.behind = 0;
  }

  /** The server's time. */
  now() {
    return Date.now() + this.offset;
  }

  /** Milliseconds since the data was last known to be complete. */
  age() {
    return this.currentAt ? Math.max(0, this.now() - this.currentAt) : Infinity;
  }

  /** Start, and never stop until the session is over. */
  async start() {
    setInterval(() => this.watch(), 1_000);
    document.addEventListener("visibilitychange", () => this.watch());
    await this.startOver();
  }

  /** Take a new snapshot and follow from there; tried again until it succeeds. */
  async startOver() {
    this.close();
    for (;;) {
      try {
        const snapshot = await ask("/live/snapshot");
        this.setClock(snapshot.at);
        this.currentAt = Date.parse(snapshot.at);
        this.board = new Board(snapshot.position, snapshot.cases);
        this.behind = 0;
        this.listener.started(this.board);
        this.follow();
        return;
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error;
        if (error.status === 401) return this.listener.loggedOut();
        this.listener.connection();
        await new Promise((wake) => setTimeout(wake, RETRY_MS));
      }
    }
  }

  /** Open the stream after the board's position. The browser resumes a broken one by itself. */
  follow() {
    const source = new EventSource(`/live/events?since=${this.board.position}`);
    this.source = source;
    this.heardAt = Date.now();
    source.addEventListener("hello", (event) => this.heard(JSON.parse(event.data)));
    source.addEventListener("beat", (event) => this.takeBeat(JSON.parse(event.data)));
    source.addEventListener("patch", (event) => this.takeFrame(JSON.parse(event.data)));
    source.addEventListener("reset", () => void this.startOver());
    source.addEventListener("error", () => this.lost(source));
  }

  /** @param {{ at: string }} told */
  heard(told) {
    this.heardAt = Date.now();
    this.connected = true;
    this.setClock(told.at);
    this.listener.connection();
  }

  /** @param {{ at: string, current_at: string, position: number, degraded?: string[], situations?: number }} beat */
  takeBeat(beat) {
    if (this.situations !== (beat.situations ?? 0)) {
      this.situations = beat.situations ?? 0;
      this.listener.situations();
    }
    this.degraded = beat.degraded ?? [];
    this.currentAt = Date.parse(beat.current_at);
    this.heard(beat);
    // A log that stays behind us is not the log our snapshot came from.
    this.behind = beat.position < this.board.position ? this.behind + 1 : 0;
    if (this.behind >= 3) void this.startOver();
  }

  /** @param {import("./board.js").Frame & { at: string }} frame */
  takeFrame(frame) {
    const change = this.board.advance(frame);
    if (change === null) return void this.startOver();
    this.currentAt = Math.max(this.currentAt, Date.parse(frame.at));
    this.heard(frame);
    this.listener.changed(change);
  }

  /** @param {EventSource} source */
  lost(source) {
    this.connected = false;
    this.listener.connection();
    if (source === this.source && source.readyState === EventSource.CLOSED) {
      // The server said no: perhaps the session is over. A snapshot will tell.
      this.close();
      setTimeout(() => void this.startOver(), RETRY_MS);
    }
  }

  /**
   * A stream that has fallen silent is opened again after the last row we have. A page that nobody
   * has seen for a while gives its stream up until somebody looks: a browser opens no more than six
   * connections to one server, and a seventh tab would wait for ever.
   */
  watch() {
    this.listener.connection();
    const { hidden } = document;
    if (!hidden) this.seenAt = Date.now();
    if (hidden && this.source && Date.now() - this.seenAt > HIDDEN_MS) {
      this.close();
      this.asleep = true;
    } else if (!hidden && this.asleep) {
      this.asleep = false;
      this.follow();
    } else if (this.source && Date.now() - this.heardAt > SILENT_MS) {
      this.close();
      this.follow();
    }
  }

  close() {
    this.source?.close();
    this.source = null;
    this.connected = false;
  }

  /** @param {string} at */
  setClock(at) {
    this.offset = Date.parse(at) - Date.now();
  }
}
