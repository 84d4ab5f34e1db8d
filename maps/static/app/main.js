// The dispatch map: puts feed, store, views and map together. Everything else is in its own file.

import { render } from "../vendor/lit-html-3.3.3/lit-html.js";
import { Acts } from "./acts.js";
import { readAddress } from "./address.js";
import { ApiProblem, ask } from "./api.js";
import { urgencyOf } from "./deadlines.js";
import { Feed } from "./feed.js";
import { language, setLanguage, t } from "./i18n.js";
import { keyboard } from "./keyboard.js";
import { lanesOf, passes } from "./lanes.js";
import { canDraw, MapView } from "./mapview.js";
import { countDead, mayList } from "./deadcount.js";
import { Situations } from "./situations.js";
import { Store } from "./store.js";
import { helpView, overView } from "./views/over.js";
import { panelView } from "./views/panel.js";
import { queueView } from "./views/queue.js";
import { topView } from "./views/top.js";
import { searchText } from "./views/words.js";

/** Urgency changes with time alone; so often everything is looked at again. */
const LOOK_AGAIN_MS = 10_000;

const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

const store = new Store();
const feed = new Feed({
  started: (board) => {
    store.set({ board });
    showOnMap();
    void acts.reread();
  },
  changed: ({ fresh, changed, gone }) => {
    const touched = [...fresh, ...changed].map(({ id }) => id).concat(gone);
    map?.refresh(touched);
    if (store.state.selected && touched.includes(store.state.selected)) void acts.reread();
    store.touch();
  },
  situations: () => void situations.reread(),
  connection: () => store.touch(),
  loggedOut: () => location.assign("/login"),
});
const acts = new Acts(store, feed, { map: () => map, shown, showOnMap, visible });
const situations = new Situations(store, () => map);
/** @type {MapView | null} */
let map = null;

/** Whether a case passes the filter. @param {import("./board.js").Marker} marker */
function visible(marker) {
  return passes(marker, store.state.filter, (one) => searchText(store.state.city, one));
}

/** The cases that pass the filter. */
function shown() {
  return [...(store.state.board?.markers.values() ?? [])].filter(visible);
}

function showOnMap() {
  const { board } = store.state;
  if (!board || !map) return;
  map.show((id) => {
    const marker = board.markers.get(id);
    return marker && visible(marker) ? marker : undefined;
  }, board.markers.keys());
  map.select(board.markers.get(store.state.selected ?? 0) ?? null);
}

/** How many open cases there are of each urgency. @param {number} now */
function figures(now) {
  /** @type {Record<string, number>} */
  const counts = {};
  const markers = store.state.board?.markers ?? new Map();
  for (const marker of markers.values()) {
    const urgency = urgencyOf(marker, now);
    counts[urgency] = (counts[urgency] ?? 0) + 1;
  }
  return { counts, total: markers.size };
}

function draw() {
  const { state } = store;
  const now = feed.now();
  const lanes = lanesOf(shown(), now);
  document.title = `${figures(now).counts.overdue ?? 0} · ${t("app.title")}`;
  document.body.classList.toggle("open", state.selected !== null);
  acts.order = lanes.flatMap((lane) => (state.folded[lane.name] ? [] : lane.cases.map(({ id }) => id)));
  render(topView(state, figures(now), { connected: feed.connected, age: feed.age() }, acts), part("top"));
  render(queueView(state, lanes, now, acts), part("queue"));
  render(panelView(state, now, acts), part("panel"));
  render(overView(state, feed.age(), feed.degraded, situations), part("over"));
  render(helpView(state, acts), part("dialogs"));
}

async function start() {
  setLanguage(language());
  acts.applyTheme();
  const { filter, selected } = readAddress(location.search);
  try {
    const [person, city] = await Promise.all([ask("/api/session"), ask("/api/map/city")]);
    store.set({ person, city, filter, selected });
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    if (error.status === 401) return location.assign("/login");
    // Administrators see no case, but what the city's pack could not decide.
    if (error.status === 403) return location.assign("/dead");
    render(t("problem.away"), part("over"));
    setTimeout(() => location.reload(), 3_000);
    return;
  }
  store.subscribe(draw);
  openMap();
  document.addEventListener("keydown", keyboard(acts));
  if (mayList(store.state.person)) countDead((dead) => store.set({ dead }));
  setInterval(() => map?.refresh(store.state.board?.markers.keys() ?? []), LOOK_AGAIN_MS);
  await feed.start();
}

function openMap() {
  if (!canDraw()) {
    store.set({ mapProblem: "map.none" });
    return;
  }
  map = new MapView(part("map"), store.state.city, acts.palette(), language(), {
    select: (id) => acts.open(id, false),
    hover: (id) => acts.hover(id),
    cell: (cell) => acts.showCell(cell),
  });
  map.now = () => feed.now();
  situations.showOnMap();
  // For the console and the browser tests: what the page holds and draws.
  Object.assign(window, { citygrid: { store, feed, map } });
}

void start();
