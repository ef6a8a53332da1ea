// Present: the stage alone fills the screen, to be read from the last row. Keys choose what the class looks at.

import { layoutFor, PRESENTED } from "../../jsma/stage/scripts/room.js";
import { sidebarButton } from "./sidebar_buttons.js";

/** What each key does, as ? lists it. */
const KEYS = [
  ["← →", "step back, step on"],
  ["Space", "play or pause"],
  ["0 to 9", "attack towards this digit"],
  ["S", "light one part, then the next"],
  ["?", "show or hide this list"],
  ["P or Escape", "end presenting"],
];
const TALL = 810; // from here on, as on a screen of 4:3, there is room for Perturb below Saliency
const TALLEST = 930; // a screen of 5:4; on a taller one, as an upright phone, a part stays empty
const SMALLEST = 0.0202; // the height of the smallest text as a share of the screen's

/** Make the button Present of a stage and the key P work. @type {(root: HTMLElement) => { end(): void }} */
export function offerPresent(root) {
  const document = root.ownerDocument;
  const page = document.documentElement;
  /** @type {HTMLElement} */
  const keys = root.querySelector(".present-keys");
  keys.innerHTML = `<dl>${KEYS.map(([key, does]) => `<dt>${key}</dt><dd>${does}</dd>`).join("")}</dl>`;
  const isOn = () => root.hasAttribute("data-presented");

  function begin() {
    for (const element of [page, root]) element.toggleAttribute("data-presented", true);
    fit();
    page.requestFullscreen?.().catch(() => {}); // where it is refused, the window is the screen
    root.focus({ preventScroll: true });
  }

  function end() {
    if (!isOn()) return;
    for (const element of [page, root]) element.removeAttribute("data-presented");
    unfit();
    light(null);
    keys.hidden = true;
    if (document.fullscreenElement) document.exitFullscreen();
  }

  function fit() {
    if (!isOn()) return;
    const { layout, zoom } = layoutFor(window.innerWidth, window.innerHeight, true);
    if (layout === "phone") return unfit(); // the column that is scrolled
    const height = Math.min(window.innerHeight / zoom, TALLEST); // more than needed on a screen that is less wide, as 4:3
    root.style.setProperty("zoom", `${zoom}`);
    root.style.setProperty("--t1", `${Math.max(15, SMALLEST * height)}px`);
    root.style.setProperty("--t2", `${Math.max(16, SMALLEST * height)}px`);
    root.style.setProperty("--more", `${height - PRESENTED.high}px`);
    root.toggleAttribute("data-tall", height > TALL);
  }

  function unfit() {
    for (const name of ["zoom", "--t1", "--t2", "--more"]) root.style.removeProperty(name);
    root.removeAttribute("data-tall");
  }

  /** @type {(part: Element | null) => void} */
  function light(part) {
    root.toggleAttribute("data-spotlight", part !== null);
    root.querySelector(".spotlit")?.classList.remove("spotlit");
    part?.classList.add("spotlit");
    part?.scrollIntoView({ block: "nearest" });
  }

  function lightNext() {
    const parts = [...root.querySelectorAll("section")].filter((part) => part.clientWidth);
    light(parts[parts.findIndex((part) => part.matches(".spotlit")) + 1] ?? null);
  }

  /** @type {Record<string, () => void>} */
  const acts = { p: end, s: lightNext, "?": () => (keys.hidden = !keys.hidden) };

  /** @type {(event: KeyboardEvent) => void} */
  function onKey(event) {
    const key = event.key.toLowerCase();
    const focused = /** @type {Element} */ (event.composedPath()[0]);
    if (event.altKey || event.ctrlKey || event.metaKey || focused.matches("input:not([type=range]), textarea, select")) return;
    if (!isOn()) return key === "p" && !page.hasAttribute("data-presented") && root.clientWidth ? begin() : undefined;
    if (key === "escape") return root.querySelector(OPEN) ? undefined : keys.hidden ? end() : acts["?"]();
    if (/^[0-9]$/.test(key)) sidebarButton(document, "target", key)?.click();
    else acts[key]?.();
  }

  const ended = () => document.fullscreenElement === null && end();
  document.addEventListener("keydown", onKey, true); // before what Escape closes is closed
  document.addEventListener("fullscreenchange", ended);
  window.addEventListener("resize", fit);
  root.querySelector(".present").addEventListener("click", begin);
  return {
    end() {
      end();
      document.removeEventListener("keydown", onKey, true);
      document.removeEventListener("fullscreenchange", ended);
      window.removeEventListener("resize", fit);
    },
  };
}

/** What Escape closes first. */
const OPEN = "details[open], .term-note:not([hidden]), .picker-menu:not([hidden]), .partner";
