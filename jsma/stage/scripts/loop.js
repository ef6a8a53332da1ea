// The loop: the attack as five lines of code, the one at work lit, beside each what it has just given.

import { setHtml } from "./drawing.js";
import { isHidden } from "./pairs.js";
import { term } from "./terms.js";
import { STOPS } from "./texts.js";
import { counted, number, percent, place, slope } from "./words.js";

/** @import { DrawnView, Find, Phase, Recording, View } from "./types.js" */

const LINE_MS = 130; // a line's turn when one steps: all five fit in a step of playing
/** @typedef {"ask" | "maps" | "pair" | "none" | "change"} LineName */

/** @type {LineName[]} */
const LINES = ["ask", "maps", "pair", "none", "change"]; // data-line in stage.html, as they are carried out

/** @type {(find: Find) => DrawnView & { end(): void }} */
export function createLoop(find) {
  const lines = Object.fromEntries(LINES.map((name) => [name, find(`[data-line="${name}"]`)]));
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {{ recording: Recording, k: number, phase: Phase }} */
  let drawn = { recording: null, k: 0, phase: null };
  /** @type {ReturnType<typeof setTimeout>} */
  let turns = null;
  /** @type {LineName} */
  let lit = null;

  /** @type {(name: LineName) => void} */
  function light(name) {
    if (name === lit) return;
    lit = name;
    for (const each of LINES) {
      if (each === name) lines[each].setAttribute("aria-current", "step");
      else lines[each].removeAttribute("aria-current");
    }
  }

  /** Light the lines up to `last` in turn. @type {(last: LineName, at?: number) => void} */
  function run(last, at = 0) {
    light(LINES[at]);
    turns = LINES[at] === last ? null : setTimeout(() => run(last, at + 1), LINE_MS);
  }

  return {
    draw(recording, view) {
      const values = loopValues(recording, view);
      for (const name of LINES) setHtml(lines[name].querySelector(".value"), values[name]);
      const same = recording === drawn.recording && !view.phase && !drawn.phase;
      const [stepped, stayed] = [same && view.k === drawn.k + 1, same && view.k === drawn.k];
      drawn = { recording, k: view.k, phase: view.phase };
      if (stayed && turns) return; // drawn again for another reason: the lines go on
      clearTimeout(turns);
      turns = null;
      const last = lineAtWork(recording, view);
      if (stepped && !calm.matches) run(last);
      else light(last);
    },
    end: () => clearTimeout(turns),
  };
}

/**
 * The line the loop stands at: about to change a pair, where slow motion has come to, or where the loop has ended.
 * @type {(recording: Recording, view: View) => LineName}
 */
function lineAtWork(recording, { k, phase }) {
  const { stop } = recording.steps[k];
  if (stop) return stop === "REACHED_TARGET" || stop === "BUDGET_SPENT" ? "ask" : "none";
  if (phase?.part === 1) return "maps";
  if (phase?.part === 2) return phase.beat < 5 ? "pair" : "none";
  return phase?.beat >= 4 ? "ask" : "change";
}

/**
 * What each line gave at the viewer's step; nothing for lines that were not reached.
 * @type {(recording: Recording, view: View) => Record<LineName, string>}
 */
function loopValues(recording, view) {
  const { k, phase } = view;
  const { pair, counts, stop } = recording.steps[k];
  const asked = lineAtWork(recording, view) === "ask" && !stop ? k + 1 : k; // slow motion asks again at its end
  const values = { ask: askedHtml(recording, asked), maps: "", pair: "", none: "", change: "" };
  if (stop === "REACHED_TARGET" || stop === "BUDGET_SPENT") return values;
  const numbers = counted(recording.classes * recording.pixels);
  values.maps = `${recording.classes} maps of ${recording.height} × ${recording.width}: ${numbers} ${term("Jacobian", "slopes")}`;
  if (phase?.part === 1) return values;
  if (stop) return { ...values, pair: `none is ${term("admissible")}`, none: `<b>stop: ${STOPS[stop].value}</b>` };
  if (isHidden(recording, view)) return { ...values, pair: "hidden: predict it first" };
  const places = [pair.first, pair.second].map((pixel) => place(recording, pixel, view.short));
  values.pair = `<b class="p">p</b> ${places[0]}; <b class="q">q</b> ${places[1]}; ${term("score")} ${slope(pair.score)}`;
  if (phase?.part === 2 && phase.beat < 5) return values;
  values.none = `no: ${counted(counts.admissible)} pairs are ${term("admissible")}`;
  if (phase?.part === 2) return values;
  const moves = [0, 1].map((at) => `<b class="${"pq"[at]}">${"pq"[at]}</b> ${number(pair.before[at], 2)} → ${number(pair.after[at], 2)}`);
  return { ...values, change: moves.join("; ") };
}

/** @type {(recording: Recording, k: number) => string} */
function askedHtml(recording, k) {
  const step = recording.steps[k];
  const reads = `reads ${step.reads}, ${percent(step.probabilities[step.reads])} sure`;
  const asked = step.stop === "REACHED_TARGET" || step.stop === "BUDGET_SPENT"; // the others are found out further down
  return asked ? `${reads}; <b>stop: ${STOPS[step.stop].value}</b>` : reads;
}
