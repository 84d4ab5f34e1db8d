// One key, no modifier, one act. Nothing is caught while somebody types.

/** @param {any} act @returns {(event: KeyboardEvent) => void} */
export function keyboard(act) {
  /** @type {Record<string, () => void>} */
  const keys = {
    j: () => act.step(1),
    ArrowDown: () => act.step(1),
    k: () => act.step(-1),
    ArrowUp: () => act.step(-1),
    Enter: act.centre,
    Escape: act.escape,
    "/": act.search,
    h: act.home,
    l: act.switchLanguage,
    "?": act.toggleHelp,
  };
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target) && event.key !== "Escape") return;
    const key = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!key || (event.key === "Enter" && isButton(event.target))) return;
    event.preventDefault();
    key();
  };
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}

/** @param {EventTarget | null} target */
function isButton(target) {
  return target instanceof HTMLElement && target.matches("button, a, summary");
}
