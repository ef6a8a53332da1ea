// The saliency map as a picture: the stronger the colour, the more a pixel helps the attack.

import { contoursOf, drawContours } from "./contours.js";
import { channelsOf, colourOf, drawRamp, middleOf, PQ, packed, paintPixels, pointer, setHtml } from "./drawing.js";
import { isHidden } from "./pairs.js";
import { largestSaliency, saliencyMap, shownSaliency } from "./saliency.js";
import { term } from "./terms.js";
import { place, slope } from "./words.js";

/** @import { DrawnView, Find, Recording, View } from "./types.js" */

const STROKE_ON_SALIENCY = 2.2;

/** @type {(find: Find) => DrawnView} */
export function createMap(find) {
  const canvas = find(".saliency-map");
  return {
    draw(recording, view) {
      const saliency = shownSaliency(recording, view);
      const values = saliencyMap(recording, view.k, saliency);
      const limit = largestSaliency(recording, view.k, saliency, view.scope);
      paintSaliency(canvas, recording, view, values, limit);
      canvas.setAttribute("aria-label", saliencyInWords(recording, view, values));
      drawRamp(find(".map-legend canvas"), view.colours.amount);
      find(".map-limit").textContent = slope(limit);
      setHtml(find(".map-words"), saliencyHtml(recording, view, values));
    },
  };
}

/** @type {(canvas: HTMLCanvasElement, recording: Recording, view: View, values: Float64Array, limit: number) => void} */
function paintSaliency(canvas, recording, view, values, limit) {
  const { k, pixel, shown, colours } = view;
  const empty = packed(...channelsOf(colours.paper));
  const name = `${k} ${shownSaliency(recording, view)} ${limit} ${colours.theme}`;
  const { pen, cell } = paintPixels(canvas, recording, name, (i) =>
    values[i] > 0 ? colourOf(colours.amount, (2 * values[i]) / limit - 1) : empty,
  );
  const look = { p: colours.p, q: colours.q, halo: colours.paper, dashed: shown.how === "picked" };
  drawContours(pen, contoursOf(recording, shown, cell, 0.95 * cell, STROKE_ON_SALIENCY), STROKE_ON_SALIENCY, look);
  if (pixel !== null) pointer(pen, middleOf(recording, pixel, cell), 8);
}

/** What is drawn, and what is not. @type {(recording: Recording, view: View, values: Float64Array) => string} */
function saliencyHtml(recording, view, values) {
  const alone = shownSaliency(recording, view) === "alone";
  const what = alone ? `Each pixel alone: ${term("saliency map", "S")} = −a × b.` : `Each pixel’s best ${term("score")} with any partner.`;
  const pair = PQ.filter((name) => view.shown[name] !== null).map((name) => `${name} has ${slope(values[view.shown[name]])}`);
  const empty = `${values.filter((value) => value === 0).length} of ${recording.pixels}`;
  const why = alone ? `Not ${term("admissible")}` : `In no ${term("admissible")} pair`;
  const later = isHidden(recording, view) ? "Paired is shown with the best pair." : "";
  return [what, pair.length ? `${pair.join(", ")}.` : "", `${why}, so empty: ${empty}.`, later].join(" ");
}

/** @type {(recording: Recording, view: View, values: Float64Array) => string} */
function saliencyInWords(recording, { k, pixel }, values) {
  const largest = Math.max(...values);
  const where = largest > 0 ? ` The largest value, ${slope(largest)}, is at ${place(recording, values.indexOf(largest))}.` : "";
  const here = pixel === null ? "" : ` At the pixel pointed at: ${slope(values[pixel])}.`;
  return `The saliency map at iteration ${k}.${where}${here}`;
}
