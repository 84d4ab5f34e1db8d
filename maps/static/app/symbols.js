// How a case looks: its shape says how severe it is, its colour and its mark how urgent. The same
// paths are drawn on the map (canvas) and in the queue (SVG), on a square of 24 units.

import { svg } from "../vendor/lit-html-3.3.3/lit-html.js";
import { URGENCIES } from "./deadlines.js";
import { URGENCY_COLOURS } from "./palette.js";

/** @type {Record<number, string>} Outline by severity. */
const SHAPES = {
  1: "M12 1.6 L22.9 20.9 L1.1 20.9 Z",
  2: "M12 1.2 L22.8 12 L12 22.8 L1.2 12 Z",
  3: "M5 3.4H19A1.6 1.6 0 0 1 20.6 5V19A1.6 1.6 0 0 1 19 20.6H5A1.6 1.6 0 0 1 3.4 19V5A1.6 1.6 0 0 1 5 3.4Z",
  4: "M12 3.2a8.8 8.8 0 1 0 0 17.6a8.8 8.8 0 1 0 0-17.6Z",
};

/** @type {Record<import("./deadlines.js").Urgency, string>} Strokes drawn about the point 12,12. */
const MARKS = {
  overdue: "M12 7.4V12.6M12 16.1V16.2",
  due_soon: "M12 7.2V12.2L15.2 14.4",
  new: "M8.2 12H15.8M12 8.2V15.8",
  on_time: "",
  to_check: "M8 12.4L10.9 15.2L16.2 9.2",
};

/** The middle of a triangle lies lower. @param {number} severity */
const sink = (severity) => (severity === 1 ? 2.2 : 0);

/**
 * @param {number} severity
 * @param {import("./deadlines.js").Urgency} urgency
 */
export function symbolSvg(severity, urgency) {
  const { fill, ink } = URGENCY_COLOURS[urgency];
  const shift = `translate(0 ${sink(severity)})`;
  return svg`<svg class="symbol" viewBox="0 0 24 24" aria-hidden="true">
    <path d=${SHAPES[severity]} fill=${fill} stroke-linejoin="round"></path>
    <path d=${MARKS[urgency]} transform=${shift} fill="none" stroke=${ink} stroke-width="2.5"
      stroke-linecap="round" stroke-linejoin="round"></path>
  </svg>`;
}

/** @param {number} severity @param {import("./deadlines.js").Urgency} urgency */
export function symbolName(severity, urgency) {
  return `case-${severity}-${urgency}`;
}

/** Symbols are drawn twice as large as shown, for fine screens. */
export const RATIO = 2;
const SIZES = { 1: 30, 2: 27, 3: 23, 4: 21 };

/**
 * Every symbol, by name.
 * @param {string} edge colour of the outline that lifts it off the map
 * @returns {Map<string, HTMLCanvasElement>}
 */
export function drawSymbols(edge) {
  return new Map(
    [1, 2, 3, 4].flatMap((severity) =>
      URGENCIES.map((urgency) => /** @type {[string, HTMLCanvasElement]} */ ([symbolName(severity, urgency), drawSymbol(severity, urgency, edge)])),
    ),
  );
}

/** @param {HTMLCanvasElement} canvas */
export function pixelsOf(canvas) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

/** @param {number} severity @param {import("./deadlines.js").Urgency} urgency @param {string} edge */
function drawSymbol(severity, urgency, edge) {
  const size = SIZES[/** @type {1 | 2 | 3 | 4} */ (severity)] * RATIO;
  const [canvas, pen] = sheet(size);
  pen.scale(size / 29, size / 29);
  pen.translate(2.5, 2.5);
  const shape = new Path2D(SHAPES[severity]);
  pen.lineJoin = pen.lineCap = "round";
  pen.strokeStyle = edge;
  pen.lineWidth = 4;
  pen.shadowColor = "rgba(0, 0, 0, .35)";
  pen.shadowBlur = 3 * RATIO;
  pen.shadowOffsetY = RATIO;
  pen.stroke(shape);
  pen.shadowColor = "transparent";
  pen.fillStyle = URGENCY_COLOURS[urgency].fill;
  pen.fill(shape);
  pen.translate(0, sink(severity));
  pen.strokeStyle = URGENCY_COLOURS[urgency].ink;
  pen.lineWidth = 2.5;
  pen.stroke(new Path2D(MARKS[urgency]));
  return canvas;
}

/** In which share of eighths a cluster's ring is drawn; anything there at all is at least one. */
export const CLUSTER_STEPS = 8;
const CLUSTER_SIZE = 40;

/**
 * The ring of a cluster: how much of it is overdue, due soon, new, to be checked; the rest is on time.
 * @param {string} name `ring-o-d-n-c`, each in eighths
 * @param {{ land: string }} palette
 */
export function clusterImage(name, palette) {
  const [overdue, soon, fresh, checked] = name.split("-").slice(1).map(Number);
  const rest = Math.max(0, CLUSTER_STEPS - overdue - soon - fresh - checked);
  const size = CLUSTER_SIZE * RATIO;
  const [canvas, pen] = sheet(size);
  const centre = size / 2;
  disc(pen, centre, centre - 2 * RATIO, palette.land);
  const parts = [
    { share: overdue, colour: URGENCY_COLOURS.overdue.fill },
    { share: soon, colour: URGENCY_COLOURS.due_soon.fill },
    { share: fresh, colour: URGENCY_COLOURS.new.fill },
    { share: checked, colour: URGENCY_COLOURS.to_check.fill },
    { share: rest, colour: URGENCY_COLOURS.on_time.fill },
  ].filter(({ share }) => share > 0);
  const whole = parts.reduce((sum, { share }) => sum + share, 0);
  let angle = -Math.PI / 2;
  pen.lineWidth = 4.5 * RATIO;
  for (const { share, colour } of parts) {
    const end = angle + (share / whole) * 2 * Math.PI;
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.arc(centre, centre, centre - 5.5 * RATIO, angle, end);
    pen.stroke();
    angle = end;
  }
  return pixelsOf(canvas);
}

/** @param {CanvasRenderingContext2D} pen @param {number} centre @param {number} r @param {string} fill */
function disc(pen, centre, r, fill) {
  pen.shadowColor = "rgba(0, 0, 0, .3)";
  pen.shadowBlur = 3 * RATIO;
  pen.fillStyle = fill;
  pen.beginPath();
  pen.arc(centre, centre, r, 0, 2 * Math.PI);
  pen.fill();
  pen.shadowColor = "transparent";
}

/** @param {number} size @returns {[HTMLCanvasElement, CanvasRenderingContext2D]} */
function sheet(size) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(size);
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser cannot draw on a canvas");
  return [canvas, pen];
}
