// Numbers and sentences. Numerals are tabular, the minus sign is a true one.

import { saliencyMap, shownSaliency } from "./saliency.js";
import { STOPS } from "./texts.js";

/** @import { Recording, Step, Stop, View } from "./types.js" */

/** A number with `digits` decimals and a true minus sign. @type {(value: number, digits?: number, plus?: boolean) => string} */
export function number(value, digits = 3, plus = false) {
  const text = Math.abs(value).toFixed(digits);
  const sign = Number(text) === 0 ? "" : value < 0 ? "−" : plus ? "+" : "";
  return sign + text;
}

/**
 * A derivative or what is made of it: three decimals, a power of ten where that would read as zero, none from 1,000.
 * @type {(value: number, plus?: boolean) => string}
 */
export function slope(value, plus = false) {
  const size = Math.abs(value);
  if (value === 0 || (size >= 0.0005 && size < 1000)) return number(value, 3, plus);
  return (value < 0 ? "−" : plus ? "+" : "") + (size < 1 ? powerOfTen(value) : counted(Math.round(size)));
}

/** A positive limit of a scale, as short as it can be told. @type {(value: number) => string} */
export const shortSlope = (value) => (value >= 0.01 ? number(value, 2) : powerOfTen(value).replace(".0·", "·"));

const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** @type {(value: number) => string} */
export function powerOfTen(value) {
  const [mantissa, exponent] = Math.abs(value).toExponential(1).split("e");
  return `${mantissa}·10${[...exponent].map((sign) => SUPERSCRIPT[sign]).join("")}`;
}

/** A number of hundredths, its sign on the same line. @type {(number: number | string) => string} */
export const hundredths = (number) => `${number}\u00a0%`;

/**
 * A share with one decimal; next to nothing and nearly all are told as that, and the whole as 100 %.
 * @type {(share: number) => string}
 */
export function percent(share) {
  if (share > 0 && share < 0.0005) return hundredths("<\u00a00.1");
  if (share < 1 && share >= 0.9995) return hundredths(">\u00a099.9");
  return hundredths(share === 1 ? "100" : (100 * share).toFixed(1));
}

const COUNTS = new Intl.NumberFormat("en-US");
/** @type {(value: number) => string} */
export const counted = (value) => COUNTS.format(value);
/** @type {(count: number, word: string) => string} */
export const plural = (count, word) => `${counted(count)} ${word}${count === 1 ? "" : "s"}`;

/**
 * A digit, as `html` if given, behind the article it is read aloud with: a 3, an 8.
 * @type {(digit: number, html?: string | number) => string}
 */
export const an = (digit, html = digit) => `${`${digit}`.startsWith("8") ? "an" : "a"} ${html}`;

/**
 * Where a pixel is: "row 3, col 11", or short, where there is less room, "(3, 11)".
 * @type {(recording: Recording, pixel: number, short?: boolean) => string}
 */
export function place(recording, pixel, short) {
  const row = Math.floor(pixel / recording.width);
  const column = pixel % recording.width;
  return short ? `(${row}, ${column})` : `row ${row}, col ${column}`;
}

/**
 * What a change does to a pixel of this attack, in words: "turn white", "get darker by 0.3".
 * @type {(recording: Recording, sign: number) => string}
 */
export function changeWords(recording, sign) {
  if (recording.theta === 1) return sign > 0 ? "turn white" : "turn black";
  return `get ${sign > 0 ? "brighter" : "darker"} by ${recording.theta}`;
}

/** @type {(recording: Recording) => string} */
export const changedWords = (recording) =>
  recording.theta === 1 && recording.direction !== "both"
    ? recording.direction === "increase"
      ? "turned white so far"
      : "turned black so far"
    : "changed so far";

/**
 * How much of the budget is spent at step k. With θ below 1 a pixel may be changed again: the budget counts every change,
 * so that it is told in iterations. `budgetTerm` makes a word an explained one.
 * @type {(recording: Recording, k: number, budgetTerm: (word: string) => string) => string}
 */
export function spentHtml(recording, k, budgetTerm) {
  const { changed } = recording.steps[k];
  if (recording.theta === 1) return `<b>${changed}</b> of ${recording.budget} ${budgetTerm("pixels used")}`;
  return `<b>${k}</b> of ${recording.budget / 2} ${budgetTerm("iterations")}, <b>${changed}</b> ${changed === 1 ? "pixel" : "pixels"}`;
}

/** The class that the network reads before any change, where it is neither the label nor the target; else null. @type {(recording: Recording) => number | null} */
export function misreadAs(recording) {
  const first = recording.steps[0].reads;
  return first === recording.label || first === recording.target ? null : first;
}

/** @type {(recording: Recording, k: number) => string} */
export function titleHtml(recording, k) {
  const step = recording.steps[k];
  const first = misreadAs(recording);
  const source = `<b class="pill source">${recording.label}</b>${first === null ? "" : `, misread as ${an(first, `<b>${first}</b>`)},`}`;
  const target = an(recording.target, `<b class="pill target">${recording.target}</b>`);
  if (!step.stop) return `Making the network read this ${source} as ${target}`;
  if (step.stop === "REACHED_TARGET") return `The network ${k ? "now reads" : "already reads"} this ${source} as ${target}`;
  return `The network does not read this ${source} as ${target}`;
}

/** The whole attack in plain words, for whoever sees one for the first time. @type {(recording: Recording) => string} */
export function plainHtml(recording) {
  const [first, end] = [recording.steps[0], recording.steps[recording.last]];
  const sure = percent(first.probabilities[first.reads]);
  const reads = `The network reads this ${recording.label}${first.reads === recording.label ? "" : ` as ${an(first.reads)}`}, ${sure} sure.`;
  if (recording.last === 0) return reads;
  const pixels = plural(end.changed, "pixel");
  return end.stop === "REACHED_TARGET"
    ? `${reads} Change ${pixels} and it reads ${an(recording.target)}. Watch it, then find out why these.`
    : `${reads} Even with ${pixels} changed it does not read ${an(recording.target)}. Watch it, then find out why.`;
}

/** What was found that decides on each ending. @type {Record<Stop, (recording: Recording, step: Step) => string>} */
const FACTS = {
  REACHED_TARGET: (_, step) => `reads ${step.reads}`,
  BUDGET_SPENT: (recording) => `${recording.last} of ${recording.budget / 2} pairs`,
  NO_ADMISSIBLE_PAIR: (_, step) =>
    step.counts.admissible ? `${counted(step.counts.admissible)} still pass` : `of ${counted(step.counts.compared)} pairs`,
  DOMAIN_EMPTY: (_, step) => `${counted(step.counts.pixels)} can change`,
};

/** All endings as an attack stands at `step`: which one it is, and why or why not. @type {(recording: Recording, step: Step) => { title: string, fact: string, fired: boolean }[]} */
export function endings(recording, step) {
  return Object.entries(STOPS).map(([name, { title }]) => ({
    title,
    fact: FACTS[name](recording, step),
    fired: name === step.stop,
  }));
}

/** @type {(recording: Recording, step: Step) => string} */
export function verdictSentence(recording, step) {
  const { value, success } = STOPS[step.stop];
  const sure = `${percent(step.probabilities[step.reads])} sure`;
  if (success) return `Stopped: it reads ${an(recording.target, `<b class="target">${recording.target}</b>`)}, ${sure}.`;
  const reason = step.reason ? ` ${step.reason}` : "";
  return `Stopped: ${value}. <span>It reads ${an(step.reads, `<b>${step.reads}</b>`)}, ${sure}.</span>${reason}`;
}

/** One sentence for a screen reader. @type {(recording: Recording, k: number) => string} */
export function spokenStep(recording, k) {
  const step = recording.steps[k];
  const reading = `Iteration ${k} of ${recording.last}, reads ${step.reads}, ${percent(step.probabilities[step.reads])}`;
  return step.stop ? `${reading}. ${verdictSentence(recording, step).replace(/<[^>]*>/g, "")}` : reading;
}

/**
 * What is known of one pixel at the viewer's step, as pieces of [label, value]; its saliency where the map is shown.
 * @type {(recording: Recording, view: View, pixel: number) => [label: string, value: string][]}
 */
export function pixelFacts(recording, view, pixel) {
  const { k } = view;
  const row = Math.floor(pixel / recording.width);
  const column = pixel % recording.width;
  return [
    ["Pixel", `row ${row}, column ${column}`],
    ["value", number(recording.value(k, pixel), 2)],
    ["room", number(room(recording, k, pixel), 2)],
    ["a", slope(recording.a(k, pixel))],
    ["−b", slope(-recording.b(k, pixel))],
    ...saliencyFact(recording, view, pixel),
    ["", domainWords(recording, k, pixel)],
  ];
}

/** @type {(recording: Recording, view: View, pixel: number) => [label: string, value: string][]} */
function saliencyFact(recording, view, pixel) {
  if (!view.views.includes("map")) return [];
  const saliency = shownSaliency(recording, view);
  return [[saliency === "alone" ? "S" : "best score", slope(saliencyMap(recording, view.k, saliency)[pixel])]];
}

/** How far a pixel can still move in the direction of step k. @type {(recording: Recording, k: number, pixel: number) => number} */
export function room(recording, k, pixel) {
  const value = recording.value(k, pixel);
  return recording.steps[k].sign > 0 ? 1 - value : value;
}

/** @type {(recording: Recording, view: View, pixel: number | null) => string} */
export const pixelSentence = (recording, view, pixel) =>
  pixel === null
    ? ""
    : pixelFacts(recording, view, pixel)
        .map((fact) => fact.join(" ").trim())
        .join(", ");

/** @type {(recording: Recording, k: number, pixel: number) => string} */
export function domainWords(recording, k, pixel) {
  if (recording.inDomain(k, pixel)) return "can still change";
  const value = recording.value(k, pixel);
  if (value === 1) return "already white: cannot change";
  return value === 0 ? "already black: cannot change" : "changed the other way: stays as it is";
}
