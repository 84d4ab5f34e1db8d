// The map: shows what it is given, tells what the pointer does. It knows nothing of the queue.

import * as maplibre from "../vendor/maplibre-gl-6.17.0/maplibre-gl.mjs";
import { URGENCIES, urgencyOf } from "./deadlines.js";
import { HotLayer } from "./hotlayer.js";
import { FONT_FAMILY, mapStyle, nameExpression } from "./mapstyle.js";
import { URGENCY_COLOURS } from "./palette.js";
import { clusterImage, drawSymbols, pixelsOf, RATIO, symbolName } from "./symbols.js";

/** @typedef {import("./board.js").Marker} Marker */

/**
 * @typedef {object} Looks
 * @property {string} icon
 * @property {import("./deadlines.js").Urgency} urgency
 * @property {boolean} hot whether it lies on the canvas above the map
 * @property {number} version
 * @property {string} area the smallest area that holds it
 */

const FLUSH_MS = 250;
const SLOW_FRAME_MS = 1_000;
/** Cases that are never hidden in a cluster: critical ones, and what came in just now. */
const JUST_NOW_MS = 60_000;
const MOST_HOT = 2_000;

/** Whether this machine can draw the map at all. */
export function canDraw() {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

export class MapView {
  /**
   * @param {HTMLElement} container
   * @param {any} told what /api/map/city told
   * @param {typeof import("./palette.js").LIGHT} palette
   * @param {"zh" | "en"} language
   * @param {{ select: (id: number) => void, hover: (id: number | null) => void,
   *           cell: (properties: any) => void }} on
   */
  constructor(container, told, palette, language, on) {
    this.told = told;
    this.palette = palette;
    this.on = on;
    /** @type {Map<number, Looks>} what is drawn now, or about to be */
    this.drawn = new Map();
    /** @type {{ add: Map<number, any>, remove: Set<number> }} what the map below has still to learn */
    this.diff = { add: new Map(), remove: new Set() };
    /** @type {Map<string, number>} open cases by smallest area, as tinted */
    this.load = new Map();
    /** @type {Set<number>} */
    this.dirty = new Set();
    this.flushing = false;
    this.loaded = false;
    /** @type {{ selected: number | null, hovered: number | null }} */
    this.ringed = { selected: null, hovered: null };
    /** @type {(id: number) => Marker | undefined} */
    this.find = () => undefined;
    this.now = () => Date.now();
    /** @type {any} */
    this.map = new maplibre.Map({
      container,
      style: mapStyle(told, palette, language),
      bounds: told.city.bbox,
      fitBoundsOptions: { padding: 24 },
      maxBounds: widened(told.city.bbox),
      localIdeographFontFamily: FONT_FAMILY,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxZoom: 18,
      // A symbol that fades in is a symbol that is seen later, by several frames without a GPU.
      fadeDuration: 0,
      hash: "at",
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "bottom-right");
    this.map.addControl(new maplibre.ScaleControl({ maxWidth: 110 }), "bottom-right");
    this.symbols = drawSymbols(palette.symbolEdge);
    this.hot = new HotLayer(this.map, this.symbols);
    this.hot.rings.colour = palette.select;
    this.addImages();
    this.map.on("load", () => {
      this.loaded = true;
      this.select(this.find(this.ringed.selected ?? 0) ?? null);
      void this.flush();
    });
    this.listen();
  }

  addImages() {
    for (const [name, symbol] of this.symbols) {
      if (this.map.hasImage(name)) this.map.updateImage(name, pixelsOf(symbol));
      else this.map.addImage(name, pixelsOf(symbol), { pixelRatio: RATIO });
    }
    this.map.setMissingStyleImageResolver((/** @type {string} */ name) => {
      if (!name.startsWith("ring-")) return;
      this.map.addImage(name, clusterImage(name, this.palette), { pixelRatio: RATIO });
    });
  }

  listen() {
    this.map.on("click", (/** @type {any} */ event) => {
      const hot = this.hot.at(event.point);
      if (hot !== null) return this.on.select(hot);
      const [hit] = this.under(event.point, ["cases", "clusters"]);
      if (!hit) return;
      if (hit.layer.id === "clusters") void this.openCluster(hit);
      else this.on.select(Number(hit.id));
    });
    this.map.on("mousemove", (/** @type {any} */ event) => {
      const hot = this.hot.at(event.point);
      const hits = this.under(event.point, ["cases", "clusters", "cells"]);
      const hit = hits.find((/** @type {any} */ one) => one.layer.id !== "cells");
      const cell = hits.find((/** @type {any} */ one) => one.layer.id === "cells");
      this.map.getCanvas().style.cursor = hot !== null || hit ? "pointer" : "";
      this.on.hover(hot ?? (hit?.layer.id === "cases" ? Number(hit.id) : null));
      this.on.cell(cell ? cell.properties : null);
    });
    this.map.on("mouseout", () => {
      this.on.hover(null);
      this.on.cell(null);
    });
  }

  /** @param {any} point @param {string[]} layers @returns {any[]} */
  under(point, layers) {
    return this.loaded ? this.map.queryRenderedFeatures(point, { layers }) : [];
  }

  /** @param {any} cluster */
  async openCluster(cluster) {
    const source = /** @type {any} */ (this.map.getSource("cases"));
    const zoom = await source.getClusterExpansionZoom(cluster.properties.cluster_id);
    this.map.easeTo({ center: cluster.geometry.coordinates, zoom: zoom + 0.3 });
  }

  /**
   * Draw these cases and no others from now on.
   * @param {(id: number) => Marker | undefined} find gives a case when it is to be drawn
   * @param {Iterable<number>} ids
   */
  show(find, ids) {
    this.find = find;
    for (const id of this.drawn.keys()) this.dirty.add(id);
    for (const id of ids) this.dirty.add(id);
    void this.flush();
  }

  /** Look at these cases again. @param {Iterable<number>} ids */
  refresh(ids) {
    for (const id of ids) this.dirty.add(id);
    void this.flush();
  }

  /**
   * Bring the map up to date: what is hot at once, the rest at most four times a second and never
   * twice at once.
   */
  async flush() {
    this.takeDiff();
    if (this.flushing || !this.loaded || !(this.diff.add.size + this.diff.remove.size)) return;
    this.flushing = true;
    const { add, remove } = this.diff;
    this.diff = { add: new Map(), remove: new Set() };
    this.paintLoad();
    const drawn = new Promise((wake) => this.map.once("render", wake));
    await this.map.getSource("cases").updateData({ add: [...add.values()], remove: [...remove] });
    // Without a GPU a frame takes long: the next change waits for it instead of competing.
    await Promise.race([drawn, new Promise((wake) => setTimeout(wake, SLOW_FRAME_MS))]);
    setTimeout(() => {
      this.flushing = false;
      void this.flush();
    }, FLUSH_MS);
  }

  /** Sort the dirty cases: hot ones go onto their canvas now, the others wait in the diff. */
  takeDiff() {
    const now = this.now();
    for (const id of this.dirty) {
      const marker = this.find(id);
      const old = this.drawn.get(id);
      const next = marker ? this.looks(marker, now, this.hot.cases.size < MOST_HOT) : null;
      if (old && next && old.icon === next.icon && old.hot === next.hot) {
        if (old.version === next.version) continue;
      }
      if (old) this.takeOff(id, old.hot);
      if (marker && next) this.putOn(marker, next);
    }
    this.dirty.clear();
  }

  /** @param {number} id @param {boolean} hot */
  takeOff(id, hot) {
    this.drawn.delete(id);
    if (hot) {
      this.hot.cases.delete(id);
      this.hot.touch();
    } else {
      this.diff.add.delete(id);
      this.diff.remove.add(id);
    }
  }

  /** @param {Marker} marker @param {Looks} looks */
  putOn(marker, looks) {
    this.drawn.set(marker.id, looks);
    if (looks.hot) {
      this.hot.cases.set(marker.id, { lon: marker.lon, lat: marker.lat, ...properties(marker, looks) });
      this.hot.touch();
    } else this.diff.add.set(marker.id, feature(marker, looks));
  }

  /** @param {Marker} marker @param {number} now @param {boolean} roomInHot @returns {Looks} */
  looks(marker, now, roomInHot) {
    const urgency = urgencyOf(marker, now);
    const pressing = marker.severity === 1 && urgency !== "to_check";
    const justNow = now - Date.parse(marker.opened_at) < JUST_NOW_MS;
    return {
      urgency,
      icon: symbolName(marker.severity, urgency),
      hot: roomInHot && (pressing || justNow),
      version: marker.version,
      area: marker.areas[0],
    };
  }

  /** Tint the smallest areas by their open cases; only where the number has changed. */
  paintLoad() {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { area } of this.drawn.values()) counts.set(area, (counts.get(area) ?? 0) + 1);
    for (const area of new Set([...counts.keys(), ...this.load.keys()])) {
      const load = counts.get(area) ?? 0;
      if (load === this.load.get(area)) continue;
      this.map.setFeatureState({ source: "areas", sourceLayer: "areas", id: area }, { load });
    }
    this.load = counts;
  }

  /** @param {Marker | null} marker */
  select(marker) {
    this.ringed.selected = marker?.id ?? null;
    for (const layer of ["cell-selected", "cell-selected-fill"]) {
      if (this.loaded) this.map.setFilter(layer, ["==", ["get", "code"], marker?.cell ?? ""]);
    }
    this.paintRings();
  }

  /** @param {number | null} id */
  hover(id) {
    if (this.ringed.hovered === id) return;
    this.ringed.hovered = id;
    this.paintRings();
  }

  paintRings() {
    Object.assign(this.hot.rings, this.ringed);
    this.hot.touch();
    if (!this.loaded) return;
    this.map.removeFeatureState({ source: "cases" });
    for (const [ring, id] of Object.entries(this.ringed)) {
      if (id === null || this.drawn.get(id)?.hot) continue;
      this.map.setFeatureState({ source: "cases", id }, { [ring]: true });
    }
  }

  /** Whether the case is on the screen as pixels. @param {number} id */
  shows(id) {
    if (this.hot.shows(id)) return true;
    return this.under(undefined, ["cases"]).some((one) => one.id === id);
  }

  /** @param {Marker} marker */
  focus(marker) {
    const zoom = Math.max(this.map.getZoom(), 15.3);
    this.map.flyTo({ center: [marker.lon, marker.lat], zoom, speed: 2.2, maxDuration: 1200 });
  }

  /** Draw the outlines of these situations and no others. @param {any[]} situations @param {number | null} chosen */
  showSituations(situations, chosen) {
    if (!this.loaded) return void this.map.once("load", () => this.showSituations(situations, chosen));
    const features = situations.map(({ id, state, outline }) => ({
      type: "Feature",
      id,
      geometry: outline,
      properties: { id, state, chosen: id === chosen },
    }));
    this.map.getSource("situations").setData({ type: "FeatureCollection", features });
  }

  /** Bring an outline into view. @param {{ type: string, coordinates: any }} outline */
  frame(outline) {
    const spots = /** @type {number[][]} */ (outline.coordinates.flat(outline.type === "Polygon" ? 1 : 2));
    const [lons, lats] = [spots.map(([lon]) => lon), spots.map(([, lat]) => lat)];
    const corners = [[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]];
    this.map.fitBounds(corners, { padding: 120, maxZoom: 16, duration: 600 });
  }

  home() {
    this.map.fitBounds(this.told.city.bbox, { padding: 24, duration: 600 });
  }

  /** @param {"zh" | "en"} language */
  setLanguage(language) {
    for (const layer of this.map.getStyle().layers) {
      if (layer.id.endsWith("-names")) {
        this.map.setLayoutProperty(layer.id, "text-field", nameExpression(language));
      }
    }
  }

  /** @param {typeof import("./palette.js").LIGHT} palette @param {"zh" | "en"} language */
  setPalette(palette, language) {
    this.palette = palette;
    for (const { id, paint } of mapStyle(this.told, palette, language).layers) {
      for (const [property, value] of Object.entries(paint ?? {})) {
        this.map.setPaintProperty(id, property, value);
      }
    }
    for (const image of this.map.listImages()) {
      if (image.startsWith("ring-")) this.map.updateImage(image, clusterImage(image, palette));
    }
    this.symbols = this.hot.symbols = drawSymbols(palette.symbolEdge);
    this.hot.rings.colour = palette.select;
    this.hot.touch();
    this.addImages();
  }
}

/** @param {Marker} marker @param {Looks} looks */
function feature(marker, looks) {
  const { urgency } = looks;
  return {
    type: "Feature",
    id: marker.id,
    geometry: { type: "Point", coordinates: [marker.lon, marker.lat] },
    properties: {
      ...properties(marker, looks),
      overdue: urgency === "overdue" ? 1 : 0,
      due_soon: urgency === "due_soon" ? 1 : 0,
      fresh: urgency === "new" ? 1 : 0,
      to_check: urgency === "to_check" ? 1 : 0,
    },
  };
}

/** @param {Marker} marker @param {Looks} looks */
function properties({ severity }, { icon, urgency }) {
  return {
    icon,
    colour: URGENCY_COLOURS[urgency].fill,
    halo: urgency === "on_time" ? 0 : 0.22,
    // The most severe and most pressing lie on top.
    rank: -(severity * 10 + URGENCIES.indexOf(urgency)),
  };
}

/** @param {[number, number, number, number]} bbox */
function widened([west, south, east, north]) {
  const [dx, dy] = [(east - west) * 0.6, (north - south) * 0.6];
  return [west - dx, Math.max(-85, south - dy), east + dx, Math.min(85, north + dy)];
}
