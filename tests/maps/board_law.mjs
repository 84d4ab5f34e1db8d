// The law of maps/patch.py for the page's own board: an old snapshot and the frames after it equal
// a fresh snapshot, with redelivery and with cases newer than the snapshot's row.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

// As text: an older node takes a .js file for CommonJS.
const source = readFileSync(process.argv[2], "utf-8");
const { Board } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

let seed = 7;
const below = (n) => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return Math.floor((seed / 2147483648) * n);
};

function history() {
  const [versions, ended, rows] = [new Map(), new Set(), []];
  for (let position = 1; position <= 1 + below(40); position += 1) {
    const id = below(7);
    if (id === 0 || ended.has(id)) {
      rows.push(null);
      continue;
    }
    const version = (versions.get(id) ?? 0) + 1;
    versions.set(id, version);
    const over = below(6) === 0;
    if (over) ended.add(id);
    rows.push({ id, version, over });
  }
  return rows;
}

const newest = (rows) => [...new Map(rows.filter(Boolean).map((row) => [row.id, row])).values()];
const open = (rows) => newest(rows).filter((row) => !row.over);

function frames(rows, from) {
  const made = [];
  for (let start = from; start < rows.length; ) {
    const end = start + 1 + below(rows.length - start);
    const last = newest(rows.slice(start, end));
    made.push({
      first: start + 1,
      last: end,
      shown: last.filter((row) => !row.over),
      gone: last.filter((row) => row.over).map((row) => [row.id, row.version]),
    });
    start = end;
  }
  return made;
}

const HISTORIES = 1000;
for (let n = 0; n < HISTORIES; n += 1) {
  const rows = history();
  const position = below(rows.length + 1);
  const ahead = position + below(rows.length - position + 1);
  const board = new Board(position, open(rows.slice(0, ahead)));
  for (const frame of frames(rows, below(position + 1))) assert.notEqual(board.advance(frame), null);
  assert.equal(board.position, rows.length);
  const fresh = new Map(open(rows).map((row) => [row.id, row]));
  assert.deepEqual(new Map([...board.markers].sort()), new Map([...fresh].sort()));
}

assert.equal(new Board(5, []).advance({ first: 7, last: 7, shown: [], gone: [] }), null);
console.log(JSON.stringify({ histories: HISTORIES }));
