// What the network reads: the ten probabilities and logits now, and how they changed over all iterations.

import { clamp, prepare, write } from "./drawing.js";
import { misreadAs, number, percent, slope } from "./words.js";

/** @import { DrawnView, Find, History, Pen, Point, Recording, Step, View } from "./types.js" */

/** @type {(find: Find) => DrawnView & { drawHistory(recording: Recording, view: View): void }} */
export function createReading(find) {
  const bars = find(".bars");
  return {
    build(recording) {
      bars.innerHTML = Array.from({ length: recording.classes }, (_, digit) => {
        const kind = digit === recording.target ? "target" : digit === recording.label ? "source" : "other";
        return `<li class="${kind}" data-digit="${digit}"><span class="digit">${digit}</span><span class="track"><i></i></span>
          <span class="share"></span><span class="logit"></span></li>`;
      }).join("");
    },
    draw(recording, view) {
      const step = recording.steps[view.k];
      const pill = find(".reads");
      pill.textContent = step.reads;
      pill.className = `pill reads ${step.reads === recording.target ? "target" : step.reads === recording.label ? "source" : "other"}`;
      [...bars.children].forEach((bar, digit) => {
        const share = step.probabilities[digit];
        bar.querySelector("i").style.width = `${100 * share}%`;
        bar.querySelector(".share").textContent = share >= 0.0005 ? percent(share) : "";
        bar.querySelector(".logit").textContent = number(step.outputs[digit], 1);
        bar.title = `${digit}: ${percent(share)} sure, logit ${number(step.outputs[digit], 2)}`;
      });
      this.drawHistory(recording, view);
    },
    drawHistory: (recording, view) => drawLines(find(".lines"), recording, view, HISTORIES[view.history](recording, view)),
  };
}

/** @typedef {{ colour: "ink3" | "source" | "target", name: string, values: number[] }} Line */
/** @typedef {{ lines: Line[], range: number[], tick(value: number): string, words(value: number): string }} Lines */

/**
 * What the lines can show: for each line a colour, a name at its left end, and its value at every iteration.
 * @type {Record<History, (recording: Recording, view: View) => Lines>}
 */
const HISTORIES = {
  probability: (recording, { digit }) => ({
    lines: classLines(recording, digit, (step) => step.probabilities),
    range: [0, 1],
    tick: (value) => `${100 * value} %`,
    words: (value) => percent(value),
  }),
  logit: (recording, { digit }) => {
    const lines = classLines(recording, digit, (step) => step.outputs);
    return { lines, range: rangeOf(lines), tick: (value) => number(value, 0), words: (value) => number(value, 2) };
  },
  promise: (recording) => {
    const lines = promiseLines(recording);
    return {
      lines,
      range: rangeOf(lines),
      tick: (value) => (Math.abs(value) < 10 ? slope(value).slice(0, 5) : number(value, 0)),
      words: slope,
    };
  },
};

/** @type {(recording: Recording, pointed: number | null, values: (step: Step) => number[]) => Line[]} */
function classLines(recording, pointed, values) {
  /** @type {[colour: Line["colour"], digit: number][]} */
  const digits = [
    ["source", recording.label],
    ["target", recording.target],
  ];
  for (const other of new Set([misreadAs(recording), pointed]))
    if (other !== null && other !== recording.label && other !== recording.target) digits.push(["ink3", other]);
  return digits.map(([colour, digit]) => ({ colour, name: `${digit}`, values: recording.steps.map((step) => values(step)[digit]) }));
}

/** The target's output since the start: as the forecasts promised, added up, and as it went. @type {(recording: Recording) => Line[]} */
function promiseLines(recording) {
  /** @type {(what: "forecast" | "happened") => number[]} */
  const summed = (what) => {
    const sums = [0];
    for (const { pair } of recording.steps) if (pair) sums.push(sums.at(-1) + pair[what]);
    return sums;
  };
  return [
    { colour: "ink3", name: "promised", values: summed("forecast") },
    { colour: "target", name: "happened", values: summed("happened") },
  ];
}

/** @type {(lines: Line[]) => [lowest: number, highest: number]} */
function rangeOf(lines) {
  const values = lines.flatMap((line) => line.values);
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  return lowest < highest ? [lowest, highest] : [lowest - 1, highest + 1];
}

/**
 * Lines along the iterations with a cursor; what is still to come is dotted, and hidden while one predicts.
 * @type {(canvas: HTMLCanvasElement, recording: Recording, view: View, shown: Lines) => void}
 */
function drawLines(canvas, recording, { k, colours, history, shown }, { lines, range, tick, words }) {
  const { pen, width, height } = prepare(canvas);
  const { t1 } = colours.size;
  const style = { size: t1, font: colours.font, colour: colours.ink3 };
  const [left, right, top, bottom] = [history === "promise" ? 6 : 18, width - 44, 8, height - t1 - 6];
  const x = (at) => left + (recording.last ? at / recording.last : 0) * (right - left);
  const y = (value) => bottom - ((value - range[0]) / (range[1] - range[0])) * (bottom - top);
  for (const value of [range[0], (range[0] + range[1]) / 2, range[1]]) {
    pen.fillStyle = colours.line;
    pen.fillRect(left, y(value), right - left, 1);
    write(pen, tick(value), width, y(value) + t1 / 3, { ...style, align: "right" });
  }
  /** @type {number[]} */
  const named = []; // the heights of the names so far, so that none covers another
  lines.forEach(({ colour, name, values }, at) => {
    pen.strokeStyle = pen.fillStyle = colours[colour];
    pen.lineWidth = 2;
    polyline(
      pen,
      values.slice(0, k + 1).map((value, step) => [x(step), y(value)]),
      [],
    );
    if (shown.how !== "picked")
      polyline(
        pen,
        values.slice(k).map((value, step) => [x(k + step), y(value)]),
        [2, 3],
      );
    pen.beginPath();
    pen.arc(x(k), y(values[k]), 4, 0, 2 * Math.PI);
    pen.fill();
    const bold = { ...style, size: t1 + 1, weight: 700, colour: colours[colour], halo: colours.paper };
    if (history === "promise") write(pen, name, right - 2, bottom - 4 - at * (t1 + 3), { ...bold, size: t1, align: "right" });
    else {
      let height = clamp(y(values[0]) + 4, t1, bottom + 4);
      while (named.some((other) => Math.abs(other - height) < t1)) height -= t1;
      named.push(height);
      write(pen, name, 0, height, bold);
    }
  });
  pen.fillStyle = colours.ink;
  pen.fillRect(x(k) - 0.5, top - 4, 1, bottom - top + 8);
  write(pen, "now", clamp(x(k), left + 12, right), height - 2, { ...style, colour: colours.ink, align: "center" });
  if (x(k) - left > 4 * t1) write(pen, "start", left, height - 2, style);
  const now = lines.map(({ name, values }) => `${name}: ${words(values[k])}`).join(", ");
  canvas.setAttribute("aria-label", `${history} along the iterations; at iteration ${k}, ${now}.`);
}

/** @type {(pen: Pen, points: Point[], dashes: number[]) => void} */
function polyline(pen, points, dashes) {
  pen.setLineDash(dashes);
  pen.beginPath();
  for (const point of points) pen.lineTo(...point);
  pen.stroke();
  pen.setLineDash([]);
}
