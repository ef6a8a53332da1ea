// The guide of the lab: five cards, each beside the part of the stage that it speaks of, with the step that shows it.
// It is offered to whoever has not been here, once, in the line of the title.

import { boxOf, clamp, zoomOf } from "../../jsma/stage/scripts/drawing.js";

const GUIDE_KEY = "jsma guide"; // the card at which a visitor has stopped
const CLASS_KEY = "jsma class"; // kept by the page Class
const CHOSEN_BY_OTHERS = ["hide", "views", "predict"]; // what links say of what a teacher has prepared

/** Each card: its region, the button that brings the stage there, what it says, and its chapter of the walkthrough. */
const CARDS = [
  { at: ".now", step: "start", chapter: 1, say: ({ plain }) => `<b>An attack.</b> ${plain}` },
  {
    at: ".maps",
    step: "start",
    chapter: 3,
    say: () =>
      "<b>What moves what.</b> A map for every digit: orange pixels, made brighter, raise the network's output for it; blue ones lower that.",
  },
  {
    at: ".plane",
    step: "start",
    chapter: 4,
    say: ({ target }) =>
      `<b>One dot, one pixel.</b> The further right, the more it pulls the ${target} up; the further up, the more it pushes the others down.`,
  },
  {
    at: ".card",
    step: "start",
    chapter: 4,
    say: ({ score }) =>
      `<b>Why these two.</b> A pair's score is the product of its pull and its push${score}. The largest product is changed.`,
  },
  {
    at: ".verdict",
    step: "end",
    chapter: 5,
    say: ({ verdict }) =>
      `<b>What came of it.</b> ${verdict} What next: press <i>Predict first</i> and find a pair yourself, or pick another digit.`,
  },
];

/**
 * Whether the guide is offered: at the first visit, where nobody else has prepared what is shown.
 * visited, member: what this browser keeps of earlier visits and of a class; framed: whether the lab is a part of another page.
 * @type {(visit: { search: string, visited: string | null, member: string | null, framed: boolean }) => boolean}
 */
export function isOffered({ search, visited, member, framed }) {
  const query = new URLSearchParams(search);
  return visited === null && member === null && !framed && !CHOSEN_BY_OTHERS.some((name) => query.has(name));
}

/**
 * Make the buttons Watch and Guide me of a stage work. `welcome` offers the guide, if it is to be offered.
 * @type {(root: HTMLElement) => { welcome(): void, end(): void }}
 */
export function offerGuide(root) {
  /** @type {(selector: string) => HTMLElement} */
  const find = (selector) => root.querySelector(selector);
  const press = (name) => find(`[data-testid="stage-${name}"]`).click();
  const [card, opener] = [find(".guide"), find(".guide-me")];
  let shown = -1;
  /** @type {HTMLElement | null} */
  let pinnedTo = null; // the offer is pinned to nothing
  const resized = new ResizeObserver(() => pinnedTo && pin(root, card, pinnedTo));
  resized.observe(root);

  function facts() {
    const text = (selector) => find(selector)?.textContent ?? "";
    const score = text(".score b");
    return {
      plain: text(".plain-words"),
      target: text(".title .pill.target"),
      score: score && `: here ${score}`,
      verdict: text(".verdict .sentence"),
    };
  }

  function unpin() {
    find(".guided")?.classList.remove("guided");
  }

  function show(number) {
    unpin();
    forgetOffer();
    const { at, step, chapter, say } = CARDS[number];
    press(step);
    shown = number;
    noteCard(`${number}`);
    const region = find(at);
    region.classList.add("guided");
    const search = new URLSearchParams(location.search);
    search.set("chapter", `${chapter}`);
    card.innerHTML = `<p>${say(facts())}</p><p class="guide-foot"><span>${number + 1} of ${CARDS.length}</span>
      <a href="Walkthrough?${search}">Chapter ${chapter}</a>
      <button data-guide="-1"${number ? "" : " disabled"}>Back</button>
      <button data-guide="1">${number + 1 < CARDS.length ? "Next" : "Done"}</button>
      <button data-guide="0" aria-label="Close the guide">✕</button></p>`;
    card.hidden = false;
    card.classList.remove("offer");
    region.scrollIntoView({ block: "nearest" });
    pin(root, card, (pinnedTo = region));
    /** @type {HTMLElement} */
    const next = card.querySelector('[data-guide="1"]');
    next.focus({ preventScroll: true });
  }

  function close() {
    unpin();
    card.hidden = true;
    shown = -1;
    opener.focus({ preventScroll: true });
  }

  /** Offer the guide without taking the focus; a click elsewhere or Escape takes the offer away. */
  function welcome() {
    if (!isOffered(visitOf()) || !opener.clientWidth) return;
    noteCard("0");
    card.innerHTML = `<p class="guide-foot"><span><b>New here?</b><i> ${CARDS.length} cards explain what you see.</i></span>
      <button data-guide="1">Guide me</button><button data-guide="0" aria-label="No, thank you">✕</button></p>`;
    card.hidden = false;
    card.classList.add("offer");
    document.addEventListener("click", declined); // once it has been dealt with: on a phone what is below moves up
    document.addEventListener("keydown", declined, true);
  }

  /** @type {(event: MouseEvent | KeyboardEvent) => void} */
  function declined(event) {
    if (event instanceof KeyboardEvent ? event.key !== "Escape" : event.composedPath().includes(card)) return;
    card.hidden = true;
    forgetOffer();
  }

  function forgetOffer() {
    document.removeEventListener("click", declined);
    document.removeEventListener("keydown", declined, true);
  }

  opener.addEventListener("click", () => show(Number(lastCard() ?? 0) % CARDS.length));
  find(".watch").addEventListener("click", () => {
    press("start");
    press("play");
  });
  card.addEventListener("click", (event) => {
    const way = /** @type {Element} */ (event.target).closest("button")?.dataset.guide;
    if (way === undefined) return;
    if (way === "1" && shown === CARDS.length - 1) noteCard("0");
    forgetOffer();
    if (way === "0" || !CARDS[shown + Number(way)]) close();
    else show(shown + Number(way));
  });
  root.addEventListener("keydown", (event) => event.key === "Escape" && shown >= 0 && close());
  opener.classList.toggle("strong", lastCard() === null); // to whoever has not been here
  return { welcome, end: () => (resized.disconnect(), forgetOffer()) };
}

function visitOf() {
  const framed = window.self !== window.top;
  try {
    const [visited, member] = [GUIDE_KEY, CLASS_KEY].map((name) => localStorage.getItem(name));
    return { search: location.search, visited, member, framed };
  } catch {
    return { search: "", visited: "", member: null, framed }; // no storage in this browser: it would be offered at every visit
  }
}

/** Below the region, or above it where there is no room. @type {(root: HTMLElement, card: HTMLElement, region: HTMLElement) => void} */
function pin(root, card, region) {
  const [stage, at] = [boxOf(root), boxOf(region)];
  const below = at.top + at.height + 10;
  const fits = below + card.offsetHeight < window.innerHeight / zoomOf(root);
  const top = fits ? below : Math.max(0, at.top - card.offsetHeight - 10);
  card.style.left = `${clamp(at.left - stage.left, 0, stage.width - card.offsetWidth)}px`;
  card.style.top = `${top - stage.top}px`;
}

function lastCard() {
  try {
    const kept = localStorage.getItem(GUIDE_KEY);
    return /^[0-4]$/.test(kept) ? kept : null;
  } catch {
    return null;
  }
}

function noteCard(number) {
  try {
    localStorage.setItem(GUIDE_KEY, number);
  } catch {
    // no storage in this browser: the guide begins again
  }
}
