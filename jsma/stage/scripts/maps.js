// The Jacobian: one signed map per digit, all on one scale with zero in the middle.

import { contoursOf, drawContours } from "./contours.js";
import { clamp, colourOf, drawRamp, middleOf, paintPixels, pointer, prepare, setHtml, write } from "./drawing.js";
import { colourLimit } from "./recording.js";
import { RULES } from "./texts.js";
import { shortSlope, slope } from "./words.js";

/** @import { Colours, DrawnView, Find, Layout, Pen, Recording, Scope, View } from "./types.js" */

const RING = 4.5; // from the middle of a pixel
const STROKE_ON_MAP = 1.75;

/** @type {(find: Find, ownerDocument: Document) => DrawnView & { measure(): void }} */
export function createMaps(find, ownerDocument) {
  const row = find(".maps");
  /** @type {HTMLCanvasElement[]} */
  let canvases = [];
  /** @type {[from: number, to: number][]} */
  let spans = []; // where each map begins and ends, from the left

  /** @type {(recording: Recording) => void} */
  function build(recording) {
    row.replaceChildren();
    canvases = Array.from({ length: recording.classes }, (_, digit) => {
      const figure = ownerDocument.createElement("figure");
      const canvas = ownerDocument.createElement("canvas");
      const caption = ownerDocument.createElement("figcaption");
      canvas.dataset.testid = `stage-jacobian-${digit}`;
      canvas.setAttribute("role", "img");
      figure.append(canvas, caption);
      figure.classList.toggle("is-target", digit === recording.target);
      figure.classList.toggle("is-source", digit === recording.label);
      row.append(figure);
      return canvas;
    });
  }

  return {
    build,
    measure() {
      const figures = /** @type {HTMLElement[]} */ ([...row.children]);
      spans = figures.map((figure) => [figure.offsetLeft - row.offsetLeft, figure.offsetLeft - row.offsetLeft + figure.offsetWidth]);
    },
    draw(recording, view) {
      canvases.forEach((canvas, digit) => drawMap(canvas, recording, view, digit));
      drawLegend(find, recording, view);
      drawBrackets(find(".brackets"), spans, recording, view.colours);
      find(".jacobian-caption").textContent = jacobianCaption(recording, view.layout);
    },
  };
}

/** @type {(recording: Recording, layout: Layout) => string} */
function jacobianCaption(recording, layout) {
  const moved = recording.output === "logits" ? "logit" : "probability";
  if (layout === "projector") return `Brighten a pixel: how does each ${moved} move?`;
  return `Brighten one pixel: how does each digit’s ${moved} move?`;
}

/** @type {(canvas: HTMLCanvasElement, recording: Recording, view: View, digit: number) => void} */
function drawMap(canvas, recording, view, digit) {
  const { k, pixel, shown, colours, scope, phase } = view;
  const limit = colourLimit(recording, k, digit, scope);
  const [map, scale] = [recording.map(k, digit), recording.steps[k].jacobian_unit / limit];
  const { pen, cell } = paintPixels(canvas, recording, `${k} ${limit} ${colours.theme}`, (i) =>
    colourOf(colours.diverging, map[i] * scale),
  );
  if (phase?.part === 1) dim(pen, recording, cell, colours, 1 - clamp(phase.share * (recording.classes + 2) - digit, 0, 1));
  const look = { p: colours.p, q: colours.q, halo: colours.paper, dashed: shown.how === "picked" };
  drawContours(pen, contoursOf(recording, shown, cell, RING, STROKE_ON_MAP), STROKE_ON_MAP, look);
  if (pixel !== null) pointer(pen, middleOf(recording, pixel, cell), 5);
  const end = scope === "map" ? ` <small>±${shortSlope(limit)}</small>` : "";
  setHtml(/** @type {HTMLElement} */ (canvas.nextElementSibling), `${digit}${end}${numberBelow(recording, view, digit)}`);
  const here = pixel === null ? "" : ` At the pixel pointed at: ${slope(recording.derivative(k, digit, pixel))}.`;
  canvas.setAttribute("aria-label", `Derivative of digit ${digit} by every pixel, up to ${shortSlope(limit)}.${here}`);
}

/**
 * Where the maps are shown by themselves, what each says of the pixel pointed at.
 * @type {(recording: Recording, view: View, digit: number) => string}
 */
function numberBelow(recording, { k, pixel, views }, digit) {
  if (views.includes("saliency")) return "";
  if (pixel === null) return `<span class="here">&nbsp;</span>`;
  const isA = digit === recording.target && !RULES[recording.rule].room; // the read-out has it to the last digit
  return `<span class="here">${slope(isA ? recording.a(k, pixel) : recording.derivative(k, digit, pixel), true)}</span>`;
}

/**
 * Cover a map with paper: in slow motion the maps light up one after the other.
 * @type {(pen: Pen, recording: Recording, cell: number, colours: Colours, share: number) => void}
 */
function dim(pen, recording, cell, colours, share) {
  pen.globalAlpha = 0.85 * share;
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, cell * recording.width, cell * recording.height);
  pen.globalAlpha = 1;
}

/** @type {(find: Find, recording: Recording, view: View) => void} */
function drawLegend(find, recording, { k, colours, scope }) {
  const [lowest, highest] = legendWords(recording, k, scope);
  find(".lowest").textContent = lowest;
  find(".highest").textContent = highest;
  find(".ramp").style.visibility = highest ? "" : "hidden";
  drawRamp(find(".ramp"), colours.diverging);
}

/**
 * What stands at both ends of the scale; where there is nothing to colour, only that.
 * @type {(recording: Recording, k: number, scope: Scope) => [lowest: string, highest: string]}
 */
export function legendWords(recording, k, scope) {
  const limit = colourLimit(recording, k, 0, scope);
  const zeros = Array.from({ length: recording.classes }, (_, digit) => recording.map(k, digit));
  if (zeros.every((map) => map.every((value) => value === 0))) return ["all derivatives are 0", ""];
  if (scope === "map") return ["lowers", "raises"];
  return [`lowers −${shortSlope(limit)}`, `+${shortSlope(limit)} raises`];
}

/**
 * Under the maps: which one is a, and which ones add up to b.
 * @type {(canvas: HTMLCanvasElement, spans: [from: number, to: number][], recording: Recording, colours: Colours) => void}
 */
function drawBrackets(canvas, spans, recording, colours) {
  const { pen, width, height } = prepare(canvas);
  if (!height) return; // the phone's two rows of maps have no brackets
  const bracket = (from, to, colour, thick) => {
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.beginPath();
    pen.moveTo(from, 0);
    pen.lineTo(from, 5);
    pen.lineTo(to, 5);
    pen.lineTo(to, 0);
    pen.stroke();
  };
  const { target, classes } = recording;
  if (target > 0) bracket(spans[0][0] + 0.5, spans[target - 1][1] - 0.5, colours.ink3, 1);
  if (target < classes - 1) bracket(spans[target + 1][0] + 0.5, spans[classes - 1][1] - 0.5, colours.ink3, 1);
  bracket(spans[target][0] + 1, spans[target][1] - 1, colours.target, 2);
  const style = { size: colours.size.t2, font: colours.font };
  const middle = (spans[target][0] + spans[target][1]) / 2;
  const side = middle < 70 ? "left" : middle > width - 70 ? "right" : "center";
  const edge = { left: spans[target][0], right: spans[target][1], center: middle }[side];
  const [isA, areB] = bracketWords(recording);
  write(pen, isA, edge, height - 4, { ...style, weight: 600, colour: colours.target, align: side });
  const others = target < classes / 2 ? [spans[target + 1][0], spans[classes - 1][1]] : [spans[0][0], spans[target - 1][1]];
  write(pen, areB, (others[0] + others[1]) / 2, height - 4, {
    ...style,
    colour: colours.ink2,
    align: "center",
  });
}

/** What the rule makes of the maps: the target's, and the others'. @type {(recording: Recording) => [a: string, b: string]} */
function bracketWords({ rule, classes }) {
  const { a, b } = RULES[rule];
  return [a, b.replace("{others}", classes === 10 ? "nine" : `${classes - 1}`)];
}
