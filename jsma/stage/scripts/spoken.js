// What a screen reader is told of what is shown: the step, or the pair that the viewer asked about, picked or revealed.

import { whyNotAdmissible } from "./card.js";
import { pairNumbers } from "./pairs.js";
import { counted, domainWords, plural, slope, spokenStep } from "./words.js";

/** @import { Recording, View } from "./types.js" */

/** @type {(recording: Recording, view: View) => string} */
export function inWords(recording, view) {
  const { k, shown, picks, revealed, ranking } = view;
  if (shown.how === "partner") return partnerInWords(recording, view);
  if (shown.how === "picked" && picks.length) return picksInWords(recording, view, ranking?.rank);
  if (revealed && shown.how === "chosen") return revealedInWords(recording, view);
  return spokenStep(recording, k);
}

/** @type {(recording: Recording, view: View) => string} */
function partnerInWords(recording, { k, shown, ranking }) {
  const clicked = `Pixel p at ${whereIs(recording, shown.p)}`;
  if (!recording.inDomain(k, shown.p)) return `${clicked} is ${domainWords(recording, k, shown.p)}.`;
  if (shown.q === null) return `${clicked}: no partner passes both tests with it.`;
  const { score } = pairNumbers(recording, k, shown.p, shown.q);
  return `${clicked}. Its best partner: q at ${whereIs(recording, shown.q)}, score ${slope(score)}, ${rankInWords(recording, k, ranking.rank)}.`;
}

/** @type {(recording: Recording, view: View, rank?: number | null) => string} */
function picksInWords(recording, { k, picks }, rank) {
  const [p, q] = picks;
  if (q === undefined) return `Picked p at ${whereIs(recording, p)}. Pick one more.`;
  const pair = `Your pair: ${pairInWords(recording, picks)}`;
  const numbers = pairNumbers(recording, k, p, q);
  if (numbers.admissible) return `${pair}, score ${slope(numbers.score)}, ${rankInWords(recording, k, rank)}.`;
  return `${pair}. ${whyNotAdmissible(recording, k, numbers).replace(/<[^>]*>/g, "")}`;
}

/** @type {(recording: Recording, view: View) => string} */
function revealedInWords(recording, view) {
  const { pair } = recording.steps[view.k];
  const best = `The best pair: ${pairInWords(recording, [pair.first, pair.second])}, score ${slope(pair.score)}.`;
  return view.picks.length === 2 ? `${best} ${picksInWords(recording, view, view.tally.get(view.k).rank)}` : best;
}

/** @type {(recording: Recording, pair: number[]) => string} */
const pairInWords = (recording, [p, q]) => `p at ${whereIs(recording, p)}, q at ${whereIs(recording, q)}`;

/** @type {(recording: Recording, k: number, rank: number) => string} */
const rankInWords = (recording, k, rank) => `rank ${counted(rank)} of ${plural(recording.steps[k].counts.admissible, "admissible pair")}`;

/** @type {(recording: Recording, pixel: number) => string} */
const whereIs = (recording, pixel) => `row ${Math.floor(pixel / recording.width)}, column ${pixel % recording.width}`;
