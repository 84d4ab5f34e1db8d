// The board in the browser: every open case the viewer may see, moved on by frames of the stream.
// The same law as on the server: an old snapshot and the frames after it make a fresh snapshot.

/**
 * @typedef {object} Marker
 * @property {number} id
 * @property {string} number
 * @property {string} state
 * @property {string} category
 * @property {number} severity 1 is the most severe
 * @property {string} cell
 * @property {string[]} areas from the smallest area up to the city
 * @property {string | null} department
 * @property {number} lon
 * @property {number} lat
 * @property {string} reported_at
 * @property {string} opened_at
 * @property {string | null} due_at
 * @property {boolean} overdue
 * @property {number} reports
 * @property {number} version
 * @property {string} address
 * @property {string | null} suspended_at since when its clocks stand
 * @property {string[]} helpers departments that help
 *
 * @typedef {object} Frame
 * @property {number} first
 * @property {number} last
 * @property {Marker[]} shown
 * @property {[number, number][]} gone
 */

export class Board {
  /** @param {number} position @param {Marker[]} markers */
  constructor(position, markers) {
    this.position = position;
    /** @type {Map<number, Marker>} */
    this.markers = new Map(markers.map((marker) => [marker.id, marker]));
  }

  /**
   * Apply a frame; what is already known changes nothing.
   * @param {Frame} frame
   * @returns {{ fresh: Marker[], changed: Marker[], gone: number[] } | null} null when rows
   *   between the board and the frame were never seen: a new snapshot is needed.
   */
  advance(frame) {
    if (frame.first > this.position + 1) return null;
    /** @type {{ fresh: Marker[], changed: Marker[], gone: number[] }} */
    const change = { fresh: [], changed: [], gone: [] };
    if (frame.last <= this.position) return change;
    for (const marker of frame.shown) {
      const known = this.markers.get(marker.id);
      if (known && marker.version <= known.version) continue;
      this.markers.set(marker.id, marker);
      (known ? change.changed : change.fresh).push(marker);
    }
    for (const [id, version] of frame.gone) {
      const known = this.markers.get(id);
      if (!known || version <= known.version) continue;
      this.markers.delete(id);
      change.gone.push(id);
    }
    this.position = frame.last;
    return change;
  }
}
