// The axes of the plane: the good corner's ground, the two lines through the origin, and round numbers along them.

import { number, powerOfTen } from "./words.js";

/** @import { Colours, Pen } from "./types.js" */
/** @import { Canvas, Scales } from "./figure.js" */
/** @typedef {{ text: string, x: number, y: number, along: "pull" | "push" }} Tick */

/** @type {(canvas: Canvas & { pen: Pen, colours: Colours }) => void} */
export function drawAxes(canvas) {
  const { pen, width, height, scales, colours } = canvas;
  const [originX, originY] = [scales.x(0), scales.y(0)];
  const { margin } = scales;
  pen.fillStyle = colours.soft;
  pen.fillRect(originX, margin.top, width - originX, originY - margin.top);
  pen.strokeStyle = colours.ink3;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(0, originY);
  pen.lineTo(width, originY);
  pen.moveTo(originX, margin.top);
  pen.lineTo(originX, height - margin.bottom);
  for (const { x, y, along } of ticksOf(canvas)) {
    pen.moveTo(x, y);
    if (along === "pull") pen.lineTo(x, y + 4);
    else pen.lineTo(x - 4, y);
  }
  pen.stroke();
}

/** Round numbers along both axes, where there is room for them within the edges. @type {(canvas: Canvas) => Tick[]} */
export function ticksOf({ width, height, scales }) {
  const { left, right, bottom, top, margin } = scales;
  /** @type {Tick[]} */
  const pulls = roundNumbers(left, right).map((pull) => ({ text: shortTick(pull), x: scales.x(pull), y: scales.y(0), along: "pull" }));
  /** @type {Tick[]} */
  const pushes = roundNumbers(bottom, top).map((push) => ({ text: shortTick(push), x: scales.x(0), y: scales.y(push), along: "push" }));
  return [
    ...pulls.filter(({ x }) => x >= 14 && x <= width - 20),
    ...pushes.filter(({ y }) => y >= margin.top + 14 && y <= height - margin.bottom - 8),
  ];
}

/** Two or three round numbers on each side of zero, zero itself left out. @type {(from: number, to: number) => number[]} */
function roundNumbers(from, to) {
  const rough = (to - from) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const spacing = [1, 2, 5, 10].map((factor) => factor * unit).find((candidate) => candidate >= rough);
  const found = [];
  for (let at = Math.ceil(from / spacing); at * spacing <= to; at++) if (at) found.push(at * spacing);
  return found;
}

/** @type {(value: number) => string} */
function shortTick(value) {
  if (Math.abs(value) < 0.01) return `${value < 0 ? "−" : ""}${powerOfTen(value)}`.replace(".0·", "·");
  return number(value, Math.abs(value) < 0.1 ? 2 : 1).replace(/\.0$/, "");
}
