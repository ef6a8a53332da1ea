// The picture under attack, and the original beside it.

import { contoursOf, drawContours, drawLetters, lettersOf } from "./contours.js";
import { middleOf, packed, paintPixels, pointer, setHtml, unpacked } from "./drawing.js";
import { revealedPicks } from "./pairs.js";
import { an, changedWords, changeWords, percent, pixelSentence } from "./words.js";

/** @import { DrawnView, Find, Layout, Pen, Recording, Step, View } from "./types.js" */

const TINT = [168, 139, 245]; // a changed pixel; the same in both themes, as pictures are
const STROKE = 2.6;
const ON_PICTURE = { p: "#ff6470", q: "#2fd6e6" };

/** @type {(value: number) => number} */
export const greyOf = (value) => 14 + 241 * value;

/** @type {(find: Find) => DrawnView} */
export function createPicture(find) {
  const now = find(".now");
  const original = find(".original");
  return {
    draw(recording, view) {
      const { k, pixel, layout } = view;
      const step = recording.steps[k];
      const turning = turningPixels(recording, view);
      const name = `${k} ${turning.map(({ value }) => value).join(" ")}`;
      const { pen, cell } = paintPixels(now, recording, name, (i) => {
        const turned = turning.find((each) => each.pixel === i);
        return turned ? tintOf(turned.value) : pictureColour(recording, k, i);
      });
      markPair(pen, recording, view, cell);
      if (pixel !== null) pointer(pen, middleOf(recording, pixel, cell), Math.max(cell, 10));
      const before = paintPixels(original, recording, "original", (i) => pictureColour(recording, 0, i));
      if (pixel !== null) pointer(before.pen, middleOf(recording, pixel, before.cell), 5);
      const caption = pictureCaption(recording, step, view, layout);
      find(".picture-caption").textContent = caption;
      setHtml(find(".key"), keyHtml(recording, view));
      const first = recording.steps[0];
      find(".original-reading").innerHTML = `read as <b>${first.reads}</b>, ${percent(first.probabilities[first.reads])} sure`;
      now.setAttribute("aria-label", `The picture at iteration ${k}. ${caption} ${pixelSentence(recording, view, pixel)}`);
      original.setAttribute("aria-label", `The original picture of ${an(recording.label)}`);
    },
  };
}

/**
 * Grey, or for a pixel that was changed the tint, darker where the pixel is darker.
 * @type {(recording: Recording, k: number, i: number) => number}
 */
function pictureColour(recording, k, i) {
  const value = recording.value(k, i);
  if (recording.changed(k, i)) return tintOf(value);
  return packed(greyOf(value), greyOf(value), greyOf(value));
}

/** @type {(value: number) => number} */
const tintOf = (value) => {
  const [red, green, blue] = TINT.map((channel) => channel * (0.4 + 0.6 * value));
  return packed(red, green, blue);
};

/**
 * What the colours and lines on the picture mean: a brightened pixel is light violet, a darkened one dark.
 * @type {(recording: Recording, view: View) => string}
 */
export function keyHtml(recording, view) {
  const { direction, theta, steps } = recording;
  /** @type {(value: number) => string} */
  const swatch = (value) => `<i class="swatch" style="background:${unpacked(tintOf(value))}"></i>`;
  const changed = `${steps[view.k].changed} ${changedWords(recording)}`;
  const dashed = view.shown.how === "picked" ? view.picks.length : revealedPicks(view);
  const entries =
    direction === "both" && theta === 1
      ? [`${changed}:`, `${swatch(1)}brighter`, `${swatch(0)}darker`]
      : [`${swatch(direction === "decrease" && theta === 1 ? 0 : 1)}${changed}`];
  if (dashed) entries.push("dashed: your pick");
  return entries.map((entry) => `<span>${entry}</span>`).join("");
}

/**
 * In slow motion's third part: the two pixels on their way from before to after.
 * @type {(recording: Recording, view: View) => { pixel: number, value: number }[]}
 */
function turningPixels(recording, { k, phase }) {
  const { pair } = recording.steps[k];
  if (!pair || phase?.part !== 3) return [];
  const share = Math.min(1, phase.share / 0.3);
  return [pair.first, pair.second].map((pixel, at) => ({
    pixel,
    value: pair.before[at] + share * (pair.after[at] - pair.before[at]),
  }));
}

/**
 * Surround p and q and name them; the viewer's own picks are dashed, and stay so beside the best pair after the reveal.
 * @type {(pen: Pen, recording: Recording, view: View, cell: number) => void}
 */
function markPair(pen, recording, view, cell) {
  const { shown, colours } = view;
  const side = cell * recording.width;
  const bounds = { left: 0, right: side, top: 0, bottom: cell * recording.height };
  const look = { ...ON_PICTURE, halo: "#000" };
  const mine = revealedPicks(view);
  const dashed = mine ? contoursOf(recording, { p: mine[0], q: mine[1] }, cell, 1.25 * cell, STROKE) : [];
  const contours = contoursOf(recording, shown, cell, 0.95 * cell, STROKE);
  drawContours(pen, dashed, STROKE, { ...look, dashed: true });
  drawContours(pen, contours, STROKE, { ...look, dashed: shown.how === "picked" });
  drawLetters(pen, lettersOf(contours, dashed, STROKE, bounds), colours.font, look);
}

/** @type {(recording: Recording, step: Step, view: View, layout: Layout) => string} */
function pictureCaption(recording, step, { shown, views }, layout) {
  if (shown.how === "partner") return "Clicked pixel p and its best partner q.";
  if (step.stop) return "What the network sees now.";
  const words = changeWords(recording, step.sign);
  if (shown.how === "picked" && !views.includes("saliency")) return "Point at a pixel; click it to mark it.";
  if (shown.how === "picked") return `Click two pixels you would ${words.replace("get", "make")}.`;
  return layout === "projector" ? `Ringed: next to ${words}.` : `Ringed: the two pixels about to ${words}.`;
}
