// The picture under attack, and the original beside it.

import { clamp, middleOf, PQ, packed, paintPixels, pointer, ring, write } from "./drawing.js";
import { an, changedWords, changeWords, percent, pixelSentence } from "./words.js";

/** @import { Colours, DrawnView, Find, Layout, Pen, Recording, Shown, Step, View } from "./types.js" */

const TINT = [168, 139, 245]; // a changed pixel; the same in both themes, as pictures are
const RING_ON_PICTURE = { p: "#ff6470", q: "#2fd6e6" };

/** @type {(value: number) => number} */
export const greyOf = (value) => 14 + 241 * value;

/** @type {(find: Find) => DrawnView} */
export function createPicture(find) {
  const now = find(".now");
  const original = find(".original");
  return {
    draw(recording, view) {
      const { k, pixel, shown, colours, layout } = view;
      const step = recording.steps[k];
      const turning = turningPixels(recording, view);
      const name = `${k} ${turning.map(({ value }) => value).join(" ")}`;
      const { pen, cell } = paintPixels(now, recording, name, (i) => {
        const turned = turning.find((each) => each.pixel === i);
        return turned ? tintOf(turned.value) : pictureColour(recording, k, i);
      });
      drawRings(pen, recording, shown, cell, colours);
      if (pixel !== null) pointer(pen, middleOf(recording, pixel, cell), Math.max(cell, 10));
      const before = paintPixels(original, recording, "original", (i) => pictureColour(recording, 0, i));
      if (pixel !== null) pointer(before.pen, middleOf(recording, pixel, before.cell), 5);
      const caption = pictureCaption(recording, step, view, layout);
      find(".picture-caption").textContent = caption;
      find(".changed-so-far").textContent = `${step.changed} ${changedWords(recording)}`;
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
 * Ring p and q, and name them on the sides that face away from each other. The viewer's own picks are dashed.
 * @type {(pen: Pen, recording: Recording, shown: Shown, cell: number, colours: Colours) => void}
 */
function drawRings(pen, recording, { how, p, q }, cell, colours) {
  const [pAt, qAt] = [p, q].map((i) => (i === null ? null : middleOf(recording, i, cell)));
  const apart = pAt && qAt ? Math.hypot(pAt[0] - qAt[0], pAt[1] - qAt[1]) : Infinity;
  const radius = clamp(apart / 2 - 2, 0.55 * cell, 0.95 * cell);
  const half = (cell * recording.width) / 2;
  const [pX, qX] = [pAt?.[0] ?? half, qAt?.[0] ?? half];
  const pLeft = pX < qX || (pX === qX && pX > half);
  for (const { name, at, left } of [
    { name: PQ[0], at: pAt, left: pLeft },
    { name: PQ[1], at: qAt, left: pX === qX ? pLeft : !pLeft },
  ]) {
    if (!at) continue;
    ring(pen, at, radius, name, RING_ON_PICTURE[name], "#000", 2.6, how === "picked");
    write(pen, name, clamp(at[0] + (left ? -1 : 1) * (radius + 12), 8, 2 * half - 8), at[1] + 6, {
      size: 18,
      weight: 700,
      colour: RING_ON_PICTURE[name],
      halo: "#000",
      font: colours.font,
      align: "center",
    });
  }
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
