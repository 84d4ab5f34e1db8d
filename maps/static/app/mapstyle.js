// The map style: our own tiles only, quiet below, so that the cases stand out. No glyph server and
// no sprite: letters are drawn with the fonts of this machine, symbols by symbols.js.

import { CLUSTER_STEPS } from "./symbols.js";

const FONT = ["Noto Sans CJK SC"];
const FONT_BOLD = ["Noto Sans CJK SC Bold"];
export const FONT_FAMILY =
  "'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

/** Below this zoom cases are gathered in clusters. */
export const CLUSTER_MAX_ZOOM = 13;

/** Where a name may go when a case lies on its place, in ems. */
const WAYS_OUT = [
  "center", [0, 0], "bottom", [0, -1.2], "top", [0, 1.2], "left", [1.4, 0], "right", [-1.4, 0],
  "bottom", [0, -2.6], "top", [0, 2.6], "bottom-left", [1.6, -1.6], "top-right", [-1.6, 1.6],
];

const NOTHING = { type: "FeatureCollection", features: [] };
const COUNT = ["coalesce", ["feature-state", "load"], 0];

/**
 * @param {{ grid: string, layers: {name: string, first_zoom: number, last_zoom: number}[], city: any }} told
 *   what /api/map/city told
 * @param {typeof import("./palette.js").LIGHT} palette
 * @param {"zh" | "en"} language
 * @returns {any}
 */
export function mapStyle(told, palette, language) {
  return {
    version: 8,
    sources: { ...tileSources(told), cases: caseSource(), situations: { type: "geojson", data: NOTHING } },
    layers: [
      { id: "background", type: "background", paint: { "background-color": palette.outside } },
      ...landLayers(palette, told),
      ...roadLayers(palette),
      ...gridLayers(palette, told),
      ...nameLayers(palette, told, language),
      ...situationLayers(palette),
      ...caseLayers(palette),
    ],
  };
}

/** @param {Parameters<typeof mapStyle>[0]} told */
function tileSources(told) {
  const entries = told.layers.map(({ name, first_zoom, last_zoom }) => [
    name,
    {
      type: "vector",
      tiles: [`${location.origin}/tiles/${name}/{z}/{x}/{y}.mvt?grid=${told.grid}`],
      minzoom: first_zoom,
      maxzoom: last_zoom,
      bounds: told.city.bbox,
      ...(name === "base" ? {} : { promoteId: "code" }),
    },
  ]);
  return Object.fromEntries(entries);
}

function caseSource() {
  return {
    type: "geojson",
    data: NOTHING,
    cluster: true,
    clusterRadius: 46,
    clusterMaxZoom: CLUSTER_MAX_ZOOM,
    clusterProperties: {
      overdue: ["+", ["get", "overdue"]],
      due_soon: ["+", ["get", "due_soon"]],
      to_check: ["+", ["get", "to_check"]],
      fresh: ["+", ["get", "fresh"]],
    },
  };
}

/** @param {typeof import("./palette.js").LIGHT} palette @param {any} told */
function landLayers(palette, told) {
  const levels = levelNames(told);
  return [
    fill("land", "areas", "areas", { "fill-color": palette.land }, ["==", ["get", "level"], levels[0]]),
    fill("parks", "base", "base", { "fill-color": palette.park }, layerIs("parks")),
    fill("water", "base", "base", { "fill-color": palette.water }, layerIs("water")),
    {
      ...fill(
        "load",
        "areas",
        "areas",
        {
          "fill-color": palette.load,
          "fill-opacity": [
            "interpolate",
            ["linear"],
            ["zoom"],
            11,
            ["interpolate", ["linear"], COUNT, 0, 0, 30, 0.34],
            13.5,
            0,
          ],
        },
        ["==", ["get", "level"], levels[levels.length - 1]],
      ),
      maxzoom: 13.5,
    },
  ];
}

/** @param {typeof import("./palette.js").LIGHT} palette */
function roadLayers(palette) {
  const wide = (/** @type {number} */ near, /** @type {number} */ extra) => [
    "interpolate",
    ["exponential", 1.6],
    ["zoom"],
    10,
    near * 0.08 + extra * 0.3,
    13,
    near * 0.3 + extra * 0.8,
    17,
    near * 2 + extra,
  ];
  const grades = [
    { name: "residential", width: 3.4, colour: palette.road, edge: palette.roadEdge, from: 13.5 },
    { name: "secondary", width: 6, colour: palette.road, edge: palette.roadEdge, from: 11 },
    { name: "primary", width: 9, colour: palette.road, edge: palette.roadEdge, from: 9 },
    { name: "ring", width: 11, colour: palette.ring, edge: palette.ringEdge, from: 8 },
    { name: "bridge", width: 7, colour: palette.road, edge: palette.rail, from: 12 },
  ];
  const is = (/** @type {string} */ name) => ["all", layerIs("roads"), ["==", ["get", "class"], name]];
  const round = { "line-cap": "round", "line-join": "round" };
  const edges = grades.map((grade) => ({
    ...line(`${grade.name}-edge`, "base", "base", { "line-color": grade.edge, "line-width": wide(grade.width, 1.6) }, is(grade.name), round),
    minzoom: grade.from,
  }));
  const roads = grades.map((grade) => ({
    ...line(grade.name, "base", "base", { "line-color": grade.colour, "line-width": wide(grade.width, 0) }, is(grade.name), round),
    minzoom: grade.from,
  }));
  const rail = [
    line("rail", "base", "base", { "line-color": palette.rail, "line-width": wide(2.2, 0.6) }, layerIs("rail")),
    line("rail-ties", "base", "base", { "line-color": palette.land, "line-width": wide(1.2, 0.2), "line-dasharray": [5, 5] }, layerIs("rail")),
  ];
  return [...edges, ...roads, ...rail];
}

/** @param {typeof import("./palette.js").LIGHT} palette @param {any} told */
function gridLayers(palette, told) {
  const levels = levelNames(told);
  const smallest = levels[levels.length - 1];
  const level = (/** @type {string} */ name) => ["==", ["get", "level"], name];
  const fade = (/** @type {number} */ from, /** @type {number} */ most) => [
    "interpolate", ["linear"], ["zoom"], from, 0, from + 1.5, most,
  ];
  return [
    fill("cells", "cells", "cells", { "fill-color": palette.select, "fill-opacity": 0 }),
    fill("cell-selected-fill", "cells", "cells", { "fill-color": palette.select, "fill-opacity": 0.07 }, ["==", ["get", "code"], ""]),
    line("cell-edges", "cells", "cells", { "line-color": palette.cell, "line-width": 0.8, "line-opacity": fade(12.8, 0.8) }),
    line("community-edges", "areas", "areas", { "line-color": palette.community, "line-width": ["interpolate", ["linear"], ["zoom"], 10, 0.6, 15, 1.6], "line-dasharray": [4, 2.5], "line-opacity": 0.8 }, level(smallest)),
    ...(levels.length > 2
      ? [line("street-edges", "areas", "areas", { "line-color": palette.street, "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.9, 15, 2.2], "line-opacity": 0.75 }, level(levels[1]))]
      : []),
    line("division-edges", "areas", "areas", { "line-color": palette.division, "line-width": ["interpolate", ["linear"], ["zoom"], 8, 1.2, 15, 3], "line-opacity": 0.7 }, level(levels[0])),
    line("cell-selected", "cells", "cells", { "line-color": palette.select, "line-width": 2.4 }, ["==", ["get", "code"], ""]),
  ];
}

/** @param {typeof import("./palette.js").LIGHT} palette @param {any} told @param {"zh" | "en"} language */
function nameLayers(palette, told, language) {
  const levels = levelNames(told);
  const halo = { "text-halo-color": palette.halo, "text-halo-width": 1.4 };
  const text = nameExpression(language);
  // A name gives way to the cases: it moves up or down, and goes when there is no room.
  const gives = { "text-variable-anchor-offset": WAYS_OUT };
  const grade = (/** @type {string[]} */ ...names) => ["all", layerIs("roads"), ["in", ["get", "class"], ["literal", names]]];
  const along = { "symbol-placement": "line", "text-field": text, "text-font": FONT, "text-size": 11, "symbol-spacing": 420, "text-max-angle": 30 };
  return [
    { ...label("road-names", "base", "base", along, { "text-color": palette.roadInk, ...halo }, grade("ring", "primary", "secondary")), minzoom: 13 },
    label("water-names", "base", "base", { "text-field": text, "text-font": FONT, "text-size": 12, "text-letter-spacing": 0.15, "symbol-spacing": 500 }, { "text-color": palette.waterInk, ...halo }, layerIs("water")),
    { ...label("park-names", "base", "base", { "text-field": text, "text-font": FONT, "text-size": 10.5 }, { "text-color": palette.parkInk, ...halo }, layerIs("parks")), minzoom: 14 },
    { ...label("cell-names", "cells", "cell_labels", { "text-field": text, "text-font": FONT, "text-size": 10.5, "text-max-width": 7 }, { "text-color": palette.inkSoft, ...halo }), minzoom: 15.2 },
    { ...label("community-names", "areas", "area_labels", { "text-field": text, "text-font": FONT, "text-size": ["interpolate", ["linear"], ["zoom"], 12, 10.5, 15, 14], "text-max-width": 7, ...gives }, { "text-color": palette.ink, ...halo }, ["==", ["get", "level"], levels[levels.length - 1]]), minzoom: 12.2, maxzoom: 16.5 },
    ...(levels.length > 2
      ? [{ ...label("street-names", "areas", "area_labels", { "text-field": text, "text-font": FONT_BOLD, "text-size": ["interpolate", ["linear"], ["zoom"], 10, 12, 14, 17], "text-letter-spacing": 0.08, ...gives }, { "text-color": palette.ink, ...halo, "text-halo-width": 2 }, ["==", ["get", "level"], levels[1]]), maxzoom: 13.4 }]
      : []),
  ];
}

/** The outlines of situations, under the cases. @param {typeof import("./palette.js").LIGHT} palette */
function situationLayers(palette) {
  const chosen = ["boolean", ["get", "chosen"], false];
  const growing = ["==", ["get", "state"], "growing"];
  return [
    {
      id: "situations",
      type: "fill",
      source: "situations",
      paint: { "fill-color": palette.situation, "fill-opacity": ["case", chosen, 0.3, growing, 0.2, 0.12] },
    },
    {
      id: "situations-edge",
      type: "line",
      source: "situations",
      layout: { "line-join": "round" },
      paint: {
        "line-color": palette.situation,
        "line-width": ["case", chosen, 3.5, 2],
        "line-dasharray": [2, 1.4],
      },
    },
  ];
}

/** @param {typeof import("./palette.js").LIGHT} palette */
function caseLayers(palette) {
  const single = ["!", ["has", "point_count"]];
  const symbol = {
    "icon-image": ["get", "icon"],
    "icon-allow-overlap": true,
    "icon-size": ["interpolate", ["linear"], ["zoom"], 11, 0.72, 15, 1],
    "symbol-sort-key": ["get", "rank"],
  };
  const ring = (/** @type {string} */ property) => [
    "case", ["boolean", ["feature-state", property], false], 1, 0,
  ];
  const eighths = (/** @type {string} */ property) => [
    "to-string",
    ["min", CLUSTER_STEPS, ["ceil", ["/", ["*", CLUSTER_STEPS, ["get", property]], ["get", "point_count"]]]],
  ];
  return [
    {
      id: "clusters",
      type: "symbol",
      source: "cases",
      filter: ["has", "point_count"],
      layout: {
        "icon-image": ["concat", "ring-", eighths("overdue"), "-", eighths("due_soon"), "-", eighths("fresh"), "-", eighths("to_check")],
        "icon-size": ["step", ["get", "point_count"], 0.86, 10, 1, 50, 1.15, 250, 1.32],
        "icon-allow-overlap": true,
        "text-field": ["get", "point_count_abbreviated"],
        "text-font": FONT_BOLD,
        "text-size": ["step", ["get", "point_count"], 12, 50, 13, 250, 14],
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": palette.ink },
    },
    { id: "cases", type: "symbol", source: "cases", filter: single, layout: symbol },
    {
      id: "cases-ring",
      type: "circle",
      source: "cases",
      filter: single,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 14, 15, 19],
        "circle-opacity": 0,
        "circle-stroke-color": palette.select,
        "circle-stroke-width": ["case", ["boolean", ["feature-state", "selected"], false], 3, 2],
        "circle-stroke-opacity": ["max", ring("selected"), ["*", 0.55, ring("hovered")]],
      },
    },
  ];
}

/** @param {"zh" | "en"} language */
export function nameExpression(language) {
  const [first, second] = language === "zh" ? ["name_zh", "name_en"] : ["name_en", "name_zh"];
  return ["case", ["!=", ["get", first], ""], ["get", first], ["get", second]];
}

/** @param {any} told @returns {string[]} from the whole city down to the smallest area */
export function levelNames(told) {
  return told.city.levels.map((/** @type {{ level: string }} */ level) => level.level);
}

/** @param {string} name */
const layerIs = (name) => ["==", ["get", "layer"], name];

/** @param {string} id @param {string} source @param {string} sub @param {object} paint @param {any} [filter] */
function fill(id, source, sub, paint, filter) {
  return { id, type: "fill", source, "source-layer": sub, paint, ...(filter ? { filter } : {}) };
}

/** @param {string} id @param {string} source @param {string} sub @param {object} paint @param {any} [filter] @param {object} [layout] */
function line(id, source, sub, paint, filter, layout = { "line-join": "round" }) {
  return { id, type: "line", source, "source-layer": sub, paint, layout, ...(filter ? { filter } : {}) };
}

/** @param {string} id @param {string} source @param {string} sub @param {object} layout @param {object} paint @param {any} [filter] */
function label(id, source, sub, layout, paint, filter) {
  return { id, type: "symbol", source, "source-layer": sub, layout, paint, ...(filter ? { filter } : {}) };
}
