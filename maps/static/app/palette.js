// The colours of urgency and of the two map themes. A colour never stands alone: see symbols.js.

/** @type {Record<import("./deadlines.js").Urgency, { fill: string, ink: string }>} */
export const URGENCY_COLOURS = {
  new: { fill: "#2f6fc4", ink: "#ffffff" },
  on_time: { fill: "#2b8a72", ink: "#ffffff" },
  due_soon: { fill: "#f0b323", ink: "#3a2a00" },
  overdue: { fill: "#c8351f", ink: "#ffffff" },
  to_check: { fill: "#7a8698", ink: "#ffffff" },
};

export const LIGHT = {
  name: "light",
  outside: "#e9ebe8",
  land: "#f6f5f1",
  water: "#c7dce9",
  waterInk: "#5f8dab",
  park: "#dfead3",
  parkInk: "#6f8a58",
  road: "#ffffff",
  roadEdge: "#cfcabd",
  ring: "#fce9b2",
  ringEdge: "#d3b972",
  roadInk: "#8b867b",
  rail: "#a9a7a2",
  cell: "#b9b4a6",
  community: "#978f80",
  street: "#7d7466",
  division: "#4f4a42",
  ink: "#4b463e",
  inkSoft: "#8a8375",
  halo: "#fbfaf7",
  load: "#c8351f",
  select: "#14344d",
  symbolEdge: "#ffffff",
};

/** @type {typeof LIGHT} */
export const DARK = {
  name: "dark",
  outside: "#0f161d",
  land: "#18222c",
  water: "#12303f",
  waterInk: "#5d93ad",
  park: "#1b2f2a",
  parkInk: "#6f9a80",
  road: "#2b3947",
  roadEdge: "#141c24",
  ring: "#3f4a45",
  ringEdge: "#1a222a",
  roadInk: "#8796a4",
  rail: "#4c5a67",
  cell: "#3a4957",
  community: "#5b6c7b",
  street: "#74879a",
  division: "#9fb2c4",
  ink: "#c8d3dd",
  inkSoft: "#8293a2",
  halo: "#18222c",
  load: "#e2694f",
  select: "#e8f1f8",
  symbolEdge: "#10181f",
};
