// The controls of a piece that is stepped through: slider, buttons, arrow keys; and which theme it is drawn on.

/** @import { Find } from "./types.js" */

/**
 * Show on the slider that the viewer is at k of `last`, and which buttons lead anywhere. part(name) finds an element.
 * @type {(part: Find, state: { k: number, last: number, playing: boolean, canPlay: boolean }) => void}
 */
export function showControls(part, { k, last, playing, canPlay }) {
  const slider = part("slider");
  Object.assign(slider, { max: last, value: k, disabled: last === 0 });
  slider.style.setProperty("--share", last ? k / last : 0);
  slider.setAttribute("aria-valuetext", `Iteration ${k} of ${last}`);
  // A button that is `disabled` loses the focus; these keep it, say that they lead nowhere, and do nothing.
  const leads = { start: k > 0, back: k > 0, play: canPlay, step: k < last, end: k < last };
  for (const [name, somewhere] of Object.entries(leads)) part(name).setAttribute("aria-disabled", !somewhere);
  part("play").classList.toggle("is-playing", playing);
  part("play").setAttribute("aria-label", playing ? "Pause" : "Play");
}

/**
 * Arrow keys step wherever the focus is, unless something there has its own use for them. Return what ends that.
 * @type {(root: HTMLElement, acts: Record<string, () => void>) => () => void}
 */
export function listenForKeys(root, acts) {
  const document = root.ownerDocument;
  /** @type {(event: KeyboardEvent) => void} */
  function onKey(event) {
    const act = acts[event.key];
    const focused = /** @type {Element} */ (event.composedPath()[0]);
    if (!act || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    const inside = root.contains(focused);
    if (focused !== document.body && !inside && !isIdle(focused)) return;
    if (focused.matches("input, select") || (event.key === " " && focused.matches("a, button, summary"))) return;
    event.preventDefault();
    act();
  }
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

/**
 * Whether an element of the page has no use for arrow keys by itself: a button, a link, or a place to read on from.
 * @type {(element: Element) => boolean}
 */
function isIdle(element) {
  if (element.getRootNode() !== element.ownerDocument) return false; // of another piece
  return element.matches("button, a, [tabindex='-1']") && !element.closest(WITH_ARROWS);
}

const WITH_ARROWS = ["radio", "tab", "menu", "listbox", "combobox", "grid", "toolbar", "slider", "dialog"]
  .map((role) => `[role=${role}]`)
  .join();

/** Whether the theme is dark, from the background that the page gives to `root`. @type {(root: Element) => boolean} */
export function isDark(root) {
  const [red, green, blue] = getComputedStyle(root)
    .backgroundColor.match(/[\d.]+/g)
    .map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}
