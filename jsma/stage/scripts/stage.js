// The stage itself: it holds the recording and the step the viewer is at, and redraws its views when either changes.

import { createCard } from "./card.js";
import { isDark, listenForKeys, showControls } from "./controls.js";
import { boxOf, clamp, measureCanvases, moveFocus, prepare, readColours, setHtml } from "./drawing.js";
import { createLoop } from "./loop.js";
import { createMap } from "./map.js";
import { createMaps } from "./maps.js";
import { isHidden, pairNumbers, partnersOf, rankOf, shownPair } from "./pairs.js";
import { createPerturb } from "./perturb.js";
import { createPicture } from "./picture.js";
import { createPlane } from "./plane.js";
import { createPlayer, markBeats } from "./playing.js";
import { listenForPixels, pixelOnGrid } from "./pointing.js";
import { listenForRadios, markChosen } from "./radios.js";
import { createReading } from "./reading.js";
import { readRecording } from "./recording.js";
import { layoutFor } from "./room.js";
import { shownSaliency } from "./saliency.js";
import { createSpeaker } from "./speech.js";
import { inWords } from "./spoken.js";
import { explainTerms, term } from "./terms.js";
import { createMember } from "./together.js";
import { pixelFacts, pixelSentence, plainHtml, spentHtml, titleHtml } from "./words.js";

/** @import { Find, Phase, Recording, Setting, Stage, View, ViewName } from "./types.js" */
/** @typedef {"mode" | "scope" | "history" | "saliency"} SettingName */

const SETTLE_MS = 300; // a step is reported once the viewer has stayed on it so long

/** What the viewer sees of a recording: the step, what is pointed at or picked, and how it is shown. @type {() => View} */
export function freshView() {
  return {
    k: 0,
    views: [],
    pixel: null,
    digit: null,
    partner: null,
    predicting: false,
    picks: [],
    revealed: false,
    ranking: null,
    tally: new Map(),
    mode: "watch",
    scope: "step",
    history: "probability",
    saliency: "alone",
    kinds: false,
    phase: null,
    shown: null,
    colours: null,
    layout: "desk",
    short: false,
    runners: 4,
  };
}

/** Which part of the stage, as texts and addresses name it, each view draws. @type {Record<string, ViewName>} */
const PART_OF = {
  picture: "picture",
  maps: "jacobian",
  map: "map",
  plane: "saliency",
  card: "saliency",
  perturb: "perturb",
  reading: "reading",
  loop: "loop",
};

/**
 * Return the stage in `root`, an element made of stage.html: receive(setting, payload) takes how to show a recording, and its bytes,
 * report is called with where the viewer has settled, end() is to be called when the element is gone.
 * @type {(root: HTMLElement) => Stage}
 */
export function createStage(root) {
  /** @type {Find} */
  const find = (selector) => root.querySelector(selector);
  /** @type {(selector: string) => NodeListOf<HTMLElement>} */
  const all = (selector) => root.querySelectorAll(selector);
  /** @type {Find} */
  const part = (name) => find(`[data-testid="stage-${name}"]`);
  const views = {
    picture: createPicture(find),
    maps: createMaps(find, root.ownerDocument),
    map: createMap(find),
    plane: createPlane(find),
    card: createCard(find),
    perturb: createPerturb(find),
    reading: createReading(find),
    loop: createLoop(find),
  };
  const view = freshView();
  /** @type {Stage} */
  const stage = { report: () => {}, recall: () => new Map(), remember: () => {}, receive, end };
  const player = createPlayer({ step: () => go(at + 1), show: (phase) => at < recording.last && showPhase(phase) });
  const member = createMember(root.ownerDocument, (name, k) => name === setting?.together?.name && follow(k));
  /** @type {Recording} */
  let recording = null;
  /** @type {Setting} */
  let setting = null;
  let at = 0; // where the viewer is: the step shown, or further on where others that step together are still at work
  /** @type {ReturnType<typeof setTimeout>} */
  let settling = null;
  const speaker = createSpeaker(find(".spoken"));
  let spoken = ""; // of what is shown
  let silent = false;

  /** Take what was sent: another recording, another start, or the same again. @type {(newSetting: Setting, payload: Uint8Array) => void} */
  function receive(newSetting, payload) {
    const sameRecording = recording && setting.recording === newSetting.recording;
    const sameVisit = sameRecording && setting.visit === newSetting.visit;
    const first = setting === null;
    setting = newSetting;
    if (!sameRecording) {
      recording = readRecording(payload);
      view.pixel = view.digit = null;
      view.tally = stage.recall(recording);
      for (const drawn of Object.values(views)) drawn.build?.(recording);
    }
    if (first) setLevel(root, setting.level);
    if (first && setting.predict) setMode("predict");
    if (!sameVisit) {
      clearTimeout(settling); // a step of the recording before must not be reported for this one
      player.pause();
      begin(clamp(setting.start, 0, lastOfAll()));
    }
    view.views = setting.views;
    for (const element of all("[data-view]")) {
      const names = /** @type {ViewName[]} */ (element.dataset.view.split(" "));
      element.hidden = !names.some((name) => view.views.includes(name));
    }
    const lacking = Object.keys(PLACES).filter((name) => !root.querySelector(`${PLACES[name]}:not([hidden])`));
    root.dataset.lacks = lacking.join(" ");
    arrange();
    render();
  }

  /** Choose the layout for the room there is, read the theme's colours, and measure. */
  function arrange() {
    const presented = root.hasAttribute("data-presented");
    const { layout, zoom, low } = layoutFor(boxOf(root).width * Number(root.style.zoom || 1), window.innerHeight, presented);
    if (!presented) root.style.setProperty("zoom", `${zoom}`); // what is presented, present.js enlarges
    const crowded = layout !== "phone" && ["map", "saliency"].every((name) => view.views.includes(/** @type {ViewName} */ (name)));
    view.layout = layout;
    view.short = layout === "projector" || crowded;
    view.runners = layout === "projector" ? 3 : low ? 2 : 4;
    root.dataset.layout = layout;
    root.toggleAttribute("data-large", !presented && zoom > 1);
    root.toggleAttribute("data-crowded", crowded);
    root.toggleAttribute("data-tight", layout === "desk" && root.clientWidth < 1060);
    root.toggleAttribute("data-low", layout === "desk" && low);
    root.dataset.theme = isDark(root) ? "dark" : "light";
    view.colours = { ...readColours(root), theme: root.dataset.theme };
    measureCanvases(root);
    views.maps.measure();
    views.plane.measure();
  }

  function render() {
    view.shown = shownPair(recording, view);
    root.dataset.iteration = `${view.k}`;
    root.dataset.iterations = `${recording.last}`;
    setHtml(find(".title"), titleHtml(recording, view.k));
    find(".plainly").hidden = setting.level !== 1;
    setHtml(find(".plain-words"), plainHtml(recording));
    const waits = at >= recording.last && lastOfAll() > recording.last;
    setHtml(find(".count"), `Iteration <b>${view.k}</b> of ${recording.last}${waits ? " (ended)" : ""}`);
    setHtml(
      find(".used"),
      spentHtml(recording, view.k, (word) => term("γ", word)),
    );
    find(".budget i").style.width = `${(200 * view.k) / Math.max(1, recording.budget)}%`;
    renderTransport();
    renderReadout();
    draw(...Object.keys(views));
    markBeats(root, view);
    terms.render();
    speak();
  }

  /** Say what is shown, when it has changed. */
  function speak() {
    const words = inWords(recording, view);
    if (words === spoken) return;
    spoken = words;
    if (silent) return;
    if (player.playing) speaker.sayInTime(words);
    else speaker.say(words);
  }

  function renderTransport() {
    const last = lastOfAll();
    showControls(part, { k: at, last, playing: player.playing, canPlay: at < last });
    drawTicks(find(".ticks"), last, { ...view, k: at });
    const chosen = { ...view, saliency: shownSaliency(recording, view) };
    for (const group of all("[data-setting]")) markChosen(group, chosen[/** @type {SettingName} */ (group.dataset.setting)]);
    part("kinds").setAttribute("aria-checked", view.kinds);
  }

  /** One line on the pixel pointed at, or on p, or at the end on nothing. */
  function renderReadout() {
    const pixel = view.pixel ?? view.shown.p;
    const facts = pixel === null ? null : pixelFacts(recording, view, pixel);
    const line = ([name, value]) => `<span>${TERM_OF[name] ? term(TERM_OF[name], name) : name} <b>${value}</b></span>`;
    setHtml(find(".readout"), facts ? facts.map(line).join("") : "Point at a pixel to read its numbers.");
    for (const number of all("[data-pixel]")) number.classList.toggle("lit", Number(number.dataset.pixel) === view.pixel);
  }

  /** The last iteration that the controls lead to. */
  function lastOfAll() {
    return Math.max(recording.last, setting.together?.last ?? 0);
  }

  /** Show step k; whatever was picked or half played belongs to the step before. @type {(k: number) => void} */
  function begin(k) {
    at = k;
    view.k = Math.min(k, recording.last);
    view.picks = [];
    view.revealed = false;
    view.partner = view.phase = null;
    player.rewind();
  }

  /** @type {(k: number) => void} */
  function go(k) {
    const next = clamp(k, 0, lastOfAll());
    if (next === at && !view.phase) return;
    if (next === lastOfAll()) player.pause();
    begin(next);
    render();
    settle();
    if (setting.together) member.moved(setting.together.name, next);
  }

  /** Go where another stage of the group has gone. Only that one speaks. @type {(k: number) => void} */
  function follow(k) {
    player.pause();
    begin(clamp(k, 0, lastOfAll()));
    silent = true;
    render();
    silent = false;
  }

  /** Report where the viewer is, once it has lasted; of stages that step together the page asks nothing. */
  function settle() {
    clearTimeout(settling);
    if (setting.together) return;
    const report = () =>
      stage.report({ recording: setting.recording, visit: setting.visit, step: view.k, hidden: isHidden(recording, view) });
    settling = setTimeout(report, SETTLE_MS);
  }

  function toggle() {
    if (player.playing) {
      player.pause();
      speaker.say(spoken);
    } else if (at < lastOfAll()) player.play(part("pace").value);
    renderTransport();
  }

  /** Draw a moment of slow motion. @type {(phase: Phase | null) => void} */
  function showPhase(phase) {
    const before = view.phase;
    view.phase = phase;
    if (!before || before.part !== phase.part || before.beat !== phase.beat) {
      render();
      return;
    }
    const moving = { 1: ["maps"], 2: ["plane"], 3: ["picture"] }[phase.part];
    draw(...moving);
  }

  /** Draw some of the views, but those that are not shown. @type {(...names: string[]) => void} */
  function draw(...names) {
    for (const name of names) if (view.views.includes(PART_OF[name])) views[name].draw(recording, view);
  }

  /** @type {(pixel: number | null) => void} */
  function point(pixel) {
    if (pixel === view.pixel) return;
    view.pixel = pixel;
    renderReadout();
    draw("picture", "maps", "map", "plane");
    if (view.partner !== null) draw("card");
  }

  /**
   * A pixel was clicked: predicting, it becomes one of the viewer's two; otherwise its best partner is shown.
   * @type {(pixel: number) => void}
   */
  function pick(pixel) {
    if (isHidden(recording, view)) {
      if (view.picks.includes(pixel)) return;
      view.picks = [...view.picks.slice(-1), pixel];
      rank(view.picks);
    } else {
      view.partner = view.partner === pixel ? null : pixel;
      if (view.partner !== null) rank([pixel, partnersOf(recording, view.k, pixel).best]);
    }
    render();
  }

  /**
   * Find the place of a pair among all; there is none for half a pair or one that is not admissible.
   * @type {(pair: (number | null)[]) => void}
   */
  function rank([p, q]) {
    view.ranking = null;
    if ((q ?? null) === null) return;
    const { admissible, score } = pairNumbers(recording, view.k, p, q);
    if (admissible) view.ranking = rankOf(recording, view.k, score);
  }

  function closePartner() {
    const within = part("card").contains(/** @type {Document | ShadowRoot} */ (root.getRootNode()).activeElement);
    view.partner = null;
    render();
    if (within) moveFocus(find(".now")); // where the pixel was picked
  }

  /** Show the best pair; a prediction of two pixels is entered into the tally. */
  function reveal() {
    if (view.picks.length === 2) {
      const { score } = pairNumbers(recording, view.k, view.picks[0], view.picks[1]);
      view.tally.set(view.k, { rank: view.ranking?.rank ?? null, share: view.ranking?.share ?? 0, score });
      stage.remember(recording, view.tally);
    }
    view.revealed = true;
    render();
    moveFocus(part("card")); // the button has disappeared: focus its result
    settle();
  }

  /** @type {(picks: number[]) => void} */
  function unpick(picks) {
    view.picks = picks;
    rank(picks);
    render();
  }

  function toggleKinds() {
    view.kinds = !view.kinds;
    render(); // the legend takes room from the plane, which is then measured and drawn again
    arrange();
    render();
  }

  /** @type {(mode: View["mode"]) => void} */
  function setMode(mode) {
    view.mode = mode;
    view.predicting = mode === "predict";
    view.picks = [];
    view.revealed = false;
    view.partner = null;
  }

  const acts = { start: () => go(0), back: () => go(at - 1), step: () => go(at + 1), end: () => go(lastOfAll()) };
  const moves = Object.fromEntries(Object.entries(acts).map(([name, act]) => [name, () => (player.pause(), act(), renderTransport())]));
  const clicks = {
    ...moves,
    play: toggle,
    reveal,
    undo: () => unpick(view.picks.slice(0, -1)),
    again: () => unpick([]),
    kinds: toggleKinds,
    "partner-close": closePartner,
  };
  root.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (!button) return;
    const settingName = button.parentElement.dataset.setting;
    if (settingName === "mode") setMode(/** @type {View["mode"]} */ (button.dataset.value));
    else if (settingName) view[settingName] = button.dataset.value;
    else return clicks[button.dataset.testid?.replace("stage-", "")]?.();
    render();
    if (settingName === "mode") settle();
  });
  part("slider").addEventListener("input", (event) => {
    player.pause();
    go(Number(event.target.value));
  });
  part("pace").addEventListener("change", () => {
    const playing = player.playing;
    player.pause();
    view.phase = null;
    render();
    if (playing) toggle();
  });
  find(".bars").addEventListener("pointerover", (event) => pointAtDigit(event.target.closest("[data-digit]")));
  find(".bars").addEventListener("pointerleave", () => pointAtDigit(null));
  /** @type {(bar: HTMLElement | null) => void} */
  function pointAtDigit(bar) {
    view.digit = bar ? Number(bar.dataset.digit) : null;
    views.reading.drawHistory(recording, view);
  }

  listenForRadios(root);
  const stopListening = listenForKeys(root, {
    ArrowRight: moves.step,
    ArrowLeft: moves.back,
    Home: moves.start,
    End: moves.end,
    " ": toggle,
  });
  root.addEventListener("keydown", (event) => event.key === "Escape" && view.partner !== null && closePartner());
  listenForPixels(root, {
    size: () => [recording.height, recording.width],
    current: () => view.pixel,
    pixelAt: (canvas, x, y, box) => {
      if (canvas.matches(".plane")) return views.plane.pixelAt(recording, view.k, x, y);
      return canvas.matches(".now, .original, .maps canvas, .saliency-map, .partner-map") ? pixelOnGrid(recording, x, y, box) : null;
    },
    point,
    pick,
    say: () => speaker.say(pixelSentence(recording, view, view.pixel)),
  });
  const terms = explainTerms(root);
  closeExplanations(root);
  const rearrange = () => {
    if (!recording || !root.clientWidth) return;
    arrange();
    render();
  };
  const resized = new ResizeObserver(rearrange);
  resized.observe(root, { box: "border-box" }); // the content of the phone layout keeps its width in a wider place
  window.addEventListener("resize", rearrange); // a window that only grows higher has room, too
  document.fonts?.ready.then(() => recording && root.isConnected && render());

  /** Leave nothing behind that would keep this stage in memory, or at work. */
  function end() {
    player.pause();
    clearTimeout(settling);
    stopListening();
    member.end();
    resized.disconnect();
    window.removeEventListener("resize", rearrange);
    speaker.end();
    views.loop.end();
  }

  return stage;
}

/**
 * Give the stage's own headings the level of its place on the page; those that come later are written at it.
 * @type {(root: HTMLElement, level: number) => void}
 */
function setLevel(root, level) {
  root.dataset.level = `${level}`;
  for (const heading of root.querySelectorAll("h1, h2")) {
    const leveled = document.createElement(`h${Number(heading.tagName[1]) + level - 1}`);
    leveled.className = heading.className;
    leveled.append(...heading.childNodes);
    heading.replaceWith(leveled);
  }
}

/** What the style sheet may find missing where a page wants some of the views only. CSS alone could find out by :has, at every step again. */
const PLACES = {
  left: ".left > section",
  right: ".right section",
  decision: ".decision section",
  jacobian: ".jacobian",
  numbered: ".numbered",
  loop: ".loop",
  map: ".map-box",
  plane: ".plane-and-card",
};

/** The read-out's words that the glossary explains. */
const TERM_OF = { a: "a", "−b": "b", room: "room", S: "saliency map", "best score": "score", "": null };

/**
 * Marks under the slider, one per iteration; those to come are pale.
 * @type {(canvas: HTMLCanvasElement, last: number, view: View) => void}
 */
function drawTicks(canvas, last, { k, colours }) {
  const { pen, width } = prepare(canvas);
  for (let at = 0; at <= last; at++) {
    pen.fillStyle = at <= k ? colours.ink3 : colours.bar;
    pen.fillRect(8 + (last ? at / last : 0) * (width - 16) - 0.5, 0, 1, 4);
  }
}

/** One explanation is open at a time; a click elsewhere or Escape closes it. @type {(root: HTMLElement) => void} */
function closeExplanations(root) {
  const close = (except) => {
    for (const open of /** @type {NodeListOf<HTMLDetailsElement>} */ (root.querySelectorAll("details[open]")))
      if (open !== except) open.open = false;
  };
  root.addEventListener("click", (event) => close(/** @type {Element} */ (event.target).closest("details")));
  root.addEventListener("keydown", (event) => event.key === "Escape" && close(null));
}
