// The arithmetic of pairs: sums in single precision, as Python adds them, products in double, where they cannot vanish.

import { beatReached } from "./playing.js";

/** @import { PairNumbers, Ranking, Recording, Shown, View } from "./types.js" */

/**
 * α, β and score of the pair (p, q) at step k, which of the two tests it passes, and the pixel of it that is out of the domain.
 * @type {(recording: Recording, k: number, p: number, q: number) => PairNumbers}
 */
export function pairNumbers(recording, k, p, q) {
  const { sign } = recording.steps[k];
  const alpha = Math.fround(recording.a(k, p) + recording.a(k, q));
  const beta = Math.fround(recording.b(k, p) + recording.b(k, q));
  const [alphaPasses, betaPasses] = [sign * alpha > 0, -sign * beta > 0];
  const out = [p, q].find((i) => !recording.inDomain(k, i)) ?? null;
  const admissible = alphaPasses && betaPasses && out === null;
  return { alpha, beta, alphaPasses, betaPasses, out, admissible, score: admissible ? -alpha * beta : 0 };
}

/**
 * The score of p with every other pixel at step k; 0 where a test fails, NaN for p itself and pixels out of the domain.
 * @type {(recording: Recording, k: number, p: number) => { scores: Float64Array, best: number | null, passing: number }}
 */
export function partnersOf(recording, k, p) {
  const scores = new Float64Array(recording.pixels).fill(NaN);
  /** @type {number | null} */
  let best = null;
  let passing = 0;
  for (let q = 0; q < recording.pixels; q++) {
    if (q === p || !recording.inDomain(k, q) || !recording.inDomain(k, p)) continue;
    const { admissible, score } = pairNumbers(recording, k, p, q);
    scores[q] = score;
    if (!admissible) continue;
    passing++;
    if (best === null || score > scores[best]) best = q;
  }
  return { scores, best, passing };
}

const BINS = 60;

/**
 * The place of a score among those of all admissible pairs at step k, and how many pairs fall in each of BINS bins.
 * @type {(recording: Recording, k: number, score: number) => Ranking}
 */
export function rankOf(recording, k, score) {
  const step = recording.steps[k];
  const highest = step.best_pairs.length ? step.best_pairs[0][2] : 1;
  const pixels = Array.from({ length: recording.pixels }, (_, i) => i).filter((i) => recording.inDomain(k, i));
  const a = Float32Array.from(pixels, (i) => step.sign * recording.a(k, i));
  const b = Float32Array.from(pixels, (i) => -step.sign * recording.b(k, i));
  const bins = new Uint32Array(BINS);
  const ahead = score * (1 + 1e-7); // nearer than single precision tells apart is a tie
  let better = 0;
  for (let p = 0; p < a.length; p++) {
    for (let q = p + 1; q < a.length; q++) {
      const [alpha, push] = [Math.fround(a[p] + a[q]), Math.fround(b[p] + b[q])];
      if (!(alpha > 0 && push > 0)) continue;
      const other = alpha * push;
      if (other > ahead) better++;
      bins[Math.min(BINS - 1, Math.floor((other / highest) * BINS))]++;
    }
  }
  return { rank: better + 1, bins, share: score / highest };
}

/** @typedef {"both" | "pull" | "push" | "neither"} Kind */

/** @type {Record<Kind, { label: string, colour: "target" | "raises" | "lowers" | "dot" }>} */
export const KINDS = {
  both: { label: "pulls and pushes: good alone", colour: "target" },
  pull: { label: "only pulls the target up", colour: "raises" },
  push: { label: "only pushes the others down", colour: "lowers" },
  neither: { label: "neither", colour: "dot" },
};

/**
 * What a pixel can do by itself: pull the target up, push the others down, both, or neither.
 * @type {(recording: Recording, k: number, pixel: number) => Kind}
 */
export function kindOf(recording, k, pixel) {
  const [pulls, pushes] = [recording.pull(k, pixel) > 0, recording.push(k, pixel) > 0];
  if (pulls) return pushes ? "both" : "pull";
  return pushes ? "push" : "neither";
}

/**
 * The two pixels that the viewer is shown as p and q, and how they came to be: the pair the attack chose, the viewer's
 * own picks, or a clicked pixel with its best partner. Either may be missing.
 * @type {(recording: Recording, view: View) => Shown}
 */
export function shownPair(recording, view) {
  const { pair } = recording.steps[view.k];
  if (!beatReached(view, 2, 2)) return { how: "chosen", p: null, q: null }; // slow motion has not come to it yet
  if (view.partner !== null) return { how: "partner", p: view.partner, q: partnersOf(recording, view.k, view.partner).best };
  if (isHidden(recording, view)) return { how: "picked", p: view.picks[0] ?? null, q: view.picks[1] ?? null };
  return { how: "chosen", p: pair ? pair.first : null, q: pair ? pair.second : null };
}

/** Whether the viewer is still to predict the pair of this step. @type {(recording: Recording, view: View) => boolean} */
export const isHidden = (recording, view) => view.predicting && !view.revealed && recording.steps[view.k].pair !== null;

/**
 * The viewer's own two pixels beside the best pair, once that is revealed; null where there are none, or they are the best pair.
 * @type {(view: View) => number[] | null}
 */
export function revealedPicks({ revealed, picks, shown }) {
  const best = [shown.p, shown.q];
  if (!revealed || picks.length < 2 || shown.how !== "chosen" || shown.p === null) return null;
  return picks.every((pixel) => best.includes(pixel)) ? null : picks;
}
