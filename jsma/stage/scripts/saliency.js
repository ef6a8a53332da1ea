// The saliency map as numbers: one value for each pixel, computed in double precision as jsma/maps.py does.

import { isHidden } from "./pairs.js";

/** @import { Recording, Saliency, Scope, View } from "./types.js" */

/** @type {WeakMap<Recording, Map<string, Float64Array>>} */
const computed = new WeakMap(); // by recording, and by step and kind

/**
 * The saliency of each pixel at step k. "alone": −a × b of the pixel by itself; "paired": its best score −α × β with any
 * partner. 0 where that is not admissible.
 * @type {(recording: Recording, k: number, saliency: Saliency) => Float64Array}
 */
export function saliencyMap(recording, k, saliency) {
  if (!computed.has(recording)) computed.set(recording, new Map());
  const [maps, name] = [computed.get(recording), `${k} ${saliency}`];
  if (!maps.has(name)) {
    const of = saliency === "alone" ? alone : paired;
    maps.set(
      name,
      Float64Array.from({ length: recording.pixels }, (_, i) => (recording.inDomain(k, i) ? of(recording, k, i) : 0)),
    );
  }
  return maps.get(name);
}

/** @type {(recording: Recording, k: number, i: number) => number} */
const alone = (recording, k, i) => product(recording.pull(k, i), recording.push(k, i));

/** Of the partners only the skyband is tried: no pixel outside it makes a better pair. @type {(recording: Recording, k: number, i: number) => number} */
function paired(recording, k, i) {
  let best = 0;
  for (const j of recording.steps[k].skyband) {
    if (j === i) continue;
    best = Math.max(best, product(recording.pull(k, i) + recording.pull(k, j), recording.push(k, i) + recording.push(k, j)));
  }
  return best;
}

/** @type {(pull: number, push: number) => number} */
const product = (pull, push) => (pull > 0 && push > 0 ? pull * push : 0);

/** The largest value at step k, or of the whole trace. @type {(recording: Recording, k: number, saliency: Saliency, scope: Scope) => number} */
export function largestSaliency(recording, k, saliency, scope) {
  const steps = scope === "trace" ? recording.steps.map((_, at) => at) : [k];
  return steps.reduce((largest, at) => Math.max(largest, ...saliencyMap(recording, at, saliency)), 0);
}

/**
 * Which map is shown: while one is to predict the best pair, that of pixels alone, since the other would give it away.
 * @type {(recording: Recording, view: View) => Saliency}
 */
export const shownSaliency = (recording, view) => (isHidden(recording, view) ? "alone" : view.saliency);
