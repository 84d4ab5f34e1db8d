// Cases that must never be hidden nor come late: a plain canvas over the map. A new case is on the
// screen as soon as it is known; the map below, which takes long to draw without a GPU, stays as
// it is.

import { RATIO } from "./symbols.js";

/**
 * @typedef {object} HotCase
 * @property {number} lon
 * @property {number} lat
 * @property {string} icon
 * @property {string} colour
 * @property {number} halo how strong the glow is, 0 for none
 * @property {number} rank higher lies on top
 */

const REACH_PX = 13;

export class HotLayer {
  /**
   * @param {any} map the MapLibre map
   * @param {Map<string, HTMLCanvasElement>} symbols by name
   */
  constructor(map, symbols) {
    this.map = map;
    this.symbols = symbols;
    /** @type {Map<number, HotCase>} in no order */
    this.cases = new Map();
    /** @type {{ id: number, x: number, y: number }[]} what the last drawing shows, lowest first */
    this.shown = [];
    /** @type {{ selected: number | null, hovered: number | null, colour: string }} */
    this.rings = { selected: null, hovered: null, colour: "#000000" };
    this.canvas = document.createElement("canvas");
    this.canvas.className = "hot";
    map.getCanvasContainer().append(this.canvas);
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.waiting = false;
    map.on("resize", () => this.fit());
    map.on("move", () => this.draw());
    this.fit();
  }

  fit() {
    const { clientWidth, clientHeight } = this.map.getContainer();
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * this.ratio);
    this.canvas.height = Math.round(clientHeight * this.ratio);
    this.draw();
  }

  /** Draw with the next frame of the browser, however often it is asked for. */
  touch() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const { pen, ratio } = this;
    pen.setTransform(ratio ?? 1, 0, 0, ratio ?? 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const size = Math.min(1, 0.72 + Math.max(0, this.map.getZoom() - 11) * 0.07);
    const ordered = [...this.cases].sort(([, a], [, b]) => a.rank - b.rank);
    this.shown = ordered.map(([id, one]) => ({ id, ...this.map.project([one.lon, one.lat]) }));
    for (const { id, x, y } of this.shown) {
      this.drawOne(/** @type {HotCase} */ (this.cases.get(id)), id, x, y, size);
    }
  }

  /** @param {HotCase} one @param {number} id @param {number} x @param {number} y @param {number} size */
  drawOne(one, id, x, y, size) {
    const { pen } = this;
    if (one.halo) this.disc(x, y, 20 * size, one.halo, one.colour);
    const symbol = this.symbols.get(one.icon);
    if (symbol) {
      const side = (symbol.width / RATIO) * size;
      pen.drawImage(symbol, x - side / 2, y - side / 2, side, side);
    }
    const { selected, hovered, colour } = this.rings;
    if (id !== selected && id !== hovered) return;
    pen.globalAlpha = id === selected ? 1 : 0.55;
    pen.strokeStyle = colour;
    pen.lineWidth = id === selected ? 3 : 2;
    pen.beginPath();
    pen.arc(x, y, 20 * size, 0, 2 * Math.PI);
    pen.stroke();
    pen.globalAlpha = 1;
  }

  /** @param {number} x @param {number} y @param {number} r @param {number} alpha @param {string} fill */
  disc(x, y, r, alpha, fill) {
    this.pen.globalAlpha = alpha;
    this.pen.fillStyle = fill;
    this.pen.beginPath();
    this.pen.arc(x, y, r, 0, 2 * Math.PI);
    this.pen.fill();
    this.pen.globalAlpha = 1;
  }

  /** The case under a point of the map, the topmost first; null when there is none. @param {{ x: number, y: number }} point */
  at({ x, y }) {
    const near = this.shown.filter((one) => Math.hypot(one.x - x, one.y - y) <= REACH_PX);
    const hit = near[near.length - 1];
    return hit ? hit.id : null;
  }

  /** Whether the case is drawn within the part of the map that can be seen. @param {number} id */
  shows(id) {
    const { clientWidth, clientHeight } = this.map.getContainer();
    const one = this.shown.find((shown) => shown.id === id);
    return Boolean(one && one.x >= 0 && one.y >= 0 && one.x <= clientWidth && one.y <= clientHeight);
  }
}
