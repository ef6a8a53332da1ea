// Beside the plane: why this pair; or the viewer's own pair and its rank; or the best partner of a clicked pixel.

import { contoursOf, drawContours, drawLetters, lettersOf } from "./contours.js";
import { channelsOf, colourOf, measureCanvases, middleOf, packed, paintPixels, pointer, setHtml } from "./drawing.js";
import { pairNumbers, partnersOf } from "./pairs.js";
import { predictButtons } from "./perturb.js";
import { term } from "./terms.js";
import { counted, domainWords, hundredths, misreadAs, number, percent, place, plural, slope } from "./words.js";

/** @import { DrawnView, Find, Pair, PairNumbers, Recording, Step, StepWithPair, View } from "./types.js" */

/** @type {(find: Find) => DrawnView} */
export function createCard(find) {
  const card = find(".card");
  let measured = null;
  return {
    draw(recording, view) {
      const step = recording.steps[view.k];
      setHtml(card, cardHtml(recording, step, view));
      const canvas = card.querySelector(".partner-map");
      if (!canvas) return;
      if (canvas !== measured) measureCanvases(card);
      measured = canvas;
      drawPartnerMap(canvas, recording, view);
    },
  };
}

/** @type {(recording: Recording, step: Step, view: View) => string} */
function cardHtml(recording, step, view) {
  if (view.shown.how === "partner") return partnerHtml(recording, view);
  if (view.shown.how === "picked") return yourPair(recording, view);
  return step.pair ? whyThisPair(recording, step, view) : fromStartToEnd(recording, view);
}

/** The formula with the numbers of p and q, either of which may be missing. @type {(recording: Recording, view: View) => string} */
function formulaHtml(recording, { k, short, shown: { p, q } }) {
  const brighter = recording.steps[k].sign > 0;
  const numbers = p !== null && q !== null ? pairNumbers(recording, k, p, q) : null;
  const head = (name, i) => `<th scope="col" class="${name}" ${at(i)}>${name}<br>${i === null ? "–" : place(recording, i, short)}</th>`;
  const at = (i) => (i === null ? "" : `data-pixel="${i}"`);
  const cell = (name, i, of) => `<td class="${name}" ${at(i)}>${i === null ? "–" : slope(of(k, i))}</td>`;
  const test = (passes, name, side) =>
    numbers ? `<span class="${passes ? "" : "fails"}">${term(name)} ${passes ? "✓" : "✕"}<span class="side"> ${side} 0</span></span>` : "";
  const line = (name, beat, of, sum, tested) => `
    <tr class="beat-${beat}"><th scope="row">${term(name)}</th>${cell("p", p, of)}<td class="sign">+</td>${cell("q", q, of)}
      <td class="sign">=</td><td class="sum">${numbers ? slope(sum) : "–"}</td><td class="test">${tested}</td></tr>`;
  return `
    <table class="formula">
      <tr><td></td>${head("p", p)}<td></td>${head("q", q)}<td></td><th scope="col">sum</th><td></td></tr>
      ${line("a", 3, recording.a, numbers?.alpha, test(numbers?.alphaPasses, "α", brighter ? "above" : "below"))}
      ${line("b", 4, recording.b, numbers?.beta, test(numbers?.betaPasses, "β", brighter ? "below" : "above"))}
    </table>`;
}

/** @type {(score: number, remark: string) => string} */
function scoreHtml(score, remark) {
  return `<p class="score beat-5"><span><span class="named">${term("score", "score")} = </span>−α × β =</span> <b data-testid="stage-score">${slope(score)}</b> <span class="quiet">${remark}</span></p>`;
}

/** @type {(recording: Recording, step: StepWithPair, view: View) => string} */
function whyThisPair(recording, step, view) {
  const where = (pixel) => place(recording, pixel, view.short);
  const runners = step.best_pairs.filter(([first, second]) => first !== step.pair.first || second !== step.pair.second);
  return `
    <h3>Why this pair</h3>${formulaHtml(recording, view)}${scoreHtml(step.pair.score, "the highest of all")}
    ${predictedHtml(view)}
    <h3 class="beat-6">Runners-up</h3>
    <table class="runners beat-6" data-testid="stage-runners">
      ${runners
        .slice(0, view.predicting ? 2 : view.runners)
        .map((pair, at) => runnerUp(pair, at, step, where))
        .join("")}
    </table>
    ${pairCounts(recording, step)}`;
}

/** @type {(runner: Step["best_pairs"][0], at: number, step: StepWithPair, where: (pixel: number) => string) => string} */
function runnerUp([first, second, score], at, step, where) {
  const cell = (i) => `<td data-pixel="${i}" class="${i === step.pair.first ? "p" : i === step.pair.second ? "q" : ""}">${where(i)}</td>`;
  const share = Math.floor((1000 * score) / step.pair.score) / 10; // never rounded up to 100 %
  return `<tr><td class="quiet">${at + 2}</td>${cell(first)}<td class="quiet with">with</td>${cell(second)}
    <td class="quiet value share" title="share of the best score">${hundredths(share.toFixed(1))}</td><td class="value">${slope(score)}</td></tr>`;
}

/** How many pairs were compared, and what ruled the others out. @type {(recording: Recording, step: Step) => string} */
function pairCounts(recording, step) {
  const { pixels, compared, admissible, alpha_fails, only_beta_fails } = step.counts;
  const share = (count) => `width:${(100 * count) / Math.max(1, compared)}%`;
  const [alphaFails, betaFails] = step.sign > 0 ? ["α ≤ 0", "only β ≥ 0"] : ["α ≥ 0", "only β ≤ 0"];
  const out = recording.pixels - pixels;
  return `
    <p class="compared beat-6"><b>${counted(compared)} pairs in all</b>
      <span class="quiet out" data-testid="stage-out">${plural(out, "pixel")} out of the ${term("search domain", "domain")}</span></p>
    <div class="beat-6"><span class="meter wide" aria-hidden="true"><i style="${share(admissible)}"></i><i class="alpha" style="${share(alpha_fails)}"></i></span>
    <p class="sides" data-testid="stage-counts"><b class="target">${counted(admissible)} ${term("admissible", "pass")}</b>
      <span class="quiet"><span class="sw alpha"></span>${counted(alpha_fails)} ${alphaFails}</span>
      <span class="quiet"><span class="sw beta"></span>${counted(only_beta_fails)} ${betaFails}</span></p></div>`;
}

/**
 * Predict first: the viewer's pair, its rank among all admissible pairs, and where it stands among their scores.
 * @type {(recording: Recording, view: View) => string}
 */
function yourPair(recording, view) {
  const buttons = view.views.includes("perturb") ? "" : predictButtons(view.shown);
  return `${yourNumbers(recording, view)}${tallyHtml(view.tally)}${buttons}`;
}

/** @type {(recording: Recording, view: View) => string} */
function yourNumbers(recording, view) {
  const { shown, k, ranking } = view;
  const head = `<h3>Your pair</h3>${formulaHtml(recording, view)}`;
  if (shown.p === null || shown.q === null) {
    const left = shown.p === null ? "Pick two pixels." : "Pick one more.";
    return `${head}<p class="lesson">${left} A pair must pass both tests: raise the target, and lower the sum of the others.</p>`;
  }
  const numbers = pairNumbers(recording, k, shown.p, shown.q);
  if (!numbers.admissible) return `${head}${whyNotAdmissible(recording, k, numbers)}`;
  const { rank, bins, share } = ranking;
  const total = recording.steps[k].counts.admissible;
  const better = rank === 1 ? "No pair does better." : `${counted(rank - 1)} pair${rank === 2 ? " does" : "s do"} better.`;
  return `
    ${head}${scoreHtml(numbers.score, "")}
    <p class="rank" data-testid="stage-rank">Rank <b>${counted(rank)}</b> of ${counted(total)}</p>
    <p class="caption">${hundredths(Math.floor(100 * share))} of the best score. ${better}</p>
    ${histogramHtml(bins, share)}`;
}

/** @type {(recording: Recording, k: number, numbers: PairNumbers) => string} */
export function whyNotAdmissible(recording, k, { alphaPasses, betaPasses, out }) {
  const brighter = recording.steps[k].sign > 0;
  const failed = [];
  if (out !== null)
    failed.push(
      `<b>the pixel at ${place(recording, out)} is out of the ${term("search domain", "domain")}</b>: ${domainWords(recording, k, out).split(":")[0]}`,
    );
  if (!alphaPasses) failed.push(`<b>α is not ${brighter ? "above" : "below"} 0</b>: the pair does not raise the target`);
  if (!betaPasses) failed.push(`<b>β is not ${brighter ? "below" : "above"} 0</b>: the pair does not lower the sum of the others`);
  return `<p class="lesson" data-testid="stage-rank">Not ${term("admissible")}: ${failed.join(", and ")}. Such a pair has no score and no rank.</p>`;
}

/** @type {(bins: Uint32Array, share: number) => string} */
function histogramHtml(bins, share) {
  const tallest = Math.log1p(Math.max(...bins));
  const mine = Math.min(bins.length - 1, Math.floor(share * bins.length));
  const bar = (count, at) =>
    `<i class="${at === mine ? "mine" : ""}" style="height:${count ? 6 + (94 * Math.log1p(count)) / tallest : 0}%"></i>`;
  return `<p class="sides quiet"><span>how many pairs score this (log)</span></p>
    <div class="histogram" role="img" aria-label="How the scores of all admissible pairs are spread; yours is at ${hundredths(Math.floor(100 * share))} of the best.">${[...bins].map(bar).join("")}</div>
    <p class="sides quiet"><span>score 0</span><span>best pair, hidden</span></p>`;
}

/** How the predictions of this attack went so far. @type {(tally: View["tally"]) => string} */
function tallyHtml(tally) {
  const tries = [...tally.values()];
  if (!tries.length) return "";
  const exact = tries.filter(({ rank }) => rank === 1).length;
  const ranks = tries.map(({ rank }) => rank).filter((rank) => rank !== null);
  const mean = tries.reduce((sum, { share }) => sum + share, 0) / tries.length;
  return `<p class="tally" data-testid="stage-tally">So far: <b>${tries.length}</b> predicted, <b>${exact}</b> exact${ranks.length ? `, best rank <b>${counted(Math.min(...ranks))}</b>` : ""},
    on average <b>${hundredths(Math.floor(100 * mean))}</b> of the best score.</p>`;
}

/** @type {(view: View) => string} */
function predictedHtml({ predicting, tally, k }) {
  const mine = tally.get(k);
  if (!predicting) return "";
  const said = !mine
    ? ""
    : mine.rank === 1
      ? "You predicted this very pair."
      : mine.rank === null
        ? "Your pair was not admissible."
        : `Your pair: rank ${counted(mine.rank)}, score ${slope(mine.score)}.`;
  return `${said ? `<p class="yours">${said}</p>` : ""}${tallyHtml(tally)}`;
}

/** The best-partner map: one row of the table of all pairs, laid out as a picture. @type {(recording: Recording, view: View) => string} */
function partnerHtml(recording, { k, partner, shown, short }) {
  const head = `<div class="partner-head"><h3>The best partner of <b class="p">p</b></h3>
    <button class="close" data-testid="stage-partner-close" aria-label="Close the partner map">✕</button></div>`;
  if (!recording.inDomain(k, partner))
    return `${head}<p class="lesson">This pixel is ${domainWords(recording, k, partner)}, so it can be in no pair.</p>`;
  const { scores, passing } = partnersOf(recording, k, partner);
  if (shown.q === null)
    return `${head}<p class="lesson" data-testid="stage-partner-words">No partner passes both tests with this pixel.</p>`;
  const best = scores[shown.q];
  const words = `Best partner <b class="q" data-pixel="${shown.q}">${place(recording, shown.q, short)}</b>: score <b>${slope(best)}</b>`;
  const highest = recording.steps[k].best_pairs[0]?.[2];
  return `${head}
    <div class="partner"><canvas class="partner-map" data-testid="stage-partner" role="img" tabindex="0" aria-label="The score of every pixel as a partner of the clicked one."></canvas>
      <div class="partner-legend"><span class="scale"></span><p><b>${slope(best)}</b><br>best partner</p><p class="zero">0</p>
        <p class="none"><i></i>fails a test</p><p class="gone"><i></i>cannot change</p></div></div>
    <p data-testid="stage-partner-words">${words}</p>
    <p class="caption">${plural(passing, "partner")} pass${passing === 1 ? "es" : ""} both tests.${highest === undefined ? "" : ` The best pair of all: ${slope(highest)}.`}</p>`;
}

/** @type {(canvas: HTMLCanvasElement, recording: Recording, view: View) => void} */
function drawPartnerMap(canvas, recording, { k, partner, shown, pixel, colours }) {
  const { scores } = partnersOf(recording, k, partner);
  const best = scores[shown.q];
  const [fails, gone] = [colours.fill, colours.bar].map((hex) => packed(...channelsOf(hex)));
  const { pen, cell } = paintPixels(canvas, recording, `${k} ${partner} ${colours.theme}`, (i) => {
    if (!recording.inDomain(k, i)) return gone;
    return scores[i] > 0 ? colourOf(colours.partner, (2 * scores[i]) / best - 1) : fails;
  });
  const look = { p: colours.p, q: colours.q, halo: colours.paper };
  const contours = contoursOf(recording, shown, cell, 0.95 * cell, 2.2);
  const bounds = { left: 0, right: cell * recording.width, top: 0, bottom: cell * recording.height };
  drawContours(pen, contours, 2.2, look);
  drawLetters(pen, lettersOf(contours, [], 2.2, bounds), colours.font, look);
  if (pixel !== null) pointer(pen, middleOf(recording, pixel, cell), 8);
}

/** After the last step: what the whole attack moved. @type {(recording: Recording, view: View) => string} */
function fromStartToEnd(recording, { k, tally }) {
  const { target, label, steps } = recording;
  const [before, after] = [steps[0], steps[k]];
  const pairs = steps.filter((step) => step.pair).map((step) => step.pair);
  const first = misreadAs(recording); // then the class to beat is this one, not the label
  const name = (digit) => `<b class="${digit === target ? "target" : digit === label ? "source" : ""}">${digit}</b>`;
  const line = (what, from, to, kind = "") =>
    `<tr><th scope="row">${what}</th><td class="quiet">${from}</td><td class="quiet">→</td><td class="end ${kind}">${to}</td></tr>`;
  const sure = (digit, kind) =>
    line(`sure of ${name(digit)}`, percent(before.probabilities[digit]), percent(after.probabilities[digit]), kind);
  const logit = (digit) => line(`${term("logit")} of ${name(digit)}`, number(before.outputs[digit], 2), number(after.outputs[digit], 2));
  return `
    <h3>From start to end</h3>
    <table class="journey">
      <tr><td></td><th scope="col">start</th><td></td><th scope="col">end</th></tr>
      ${sure(target, "target")}${sure(label, "source")}${first === null ? "" : sure(first)}
      ${logit(target)}${logit(label)}${first === null ? "" : logit(first)}
      ${pairs.length ? line("score of the best pair", slope(pairs[0].score), slope(pairs.at(-1).score)) : ""}
      ${line("pixels changed", 0, after.changed)}
    </table>
    ${pairs.length ? promisesKept(recording, pairs) : ""}${tallyHtml(tally)}`;
}

/** @type {(recording: Recording, pairs: Pair[]) => string} */
function promisesKept(recording, pairs) {
  const total = (what) => pairs.reduce((sum, pair) => sum + pair[what], 0);
  const kind = recording.output === "logits" ? "logit" : "probability";
  return `<p class="lesson">The ${plural(pairs.length, "forecast")} promised <b>${slope(total("forecast"), true)}</b> for the
    ${kind} of <b class="target">${recording.target}</b>; it moved by <b>${slope(total("happened"), true)}</b>. Each forecast
    is a straight line; the slope changes on the way.</p>`;
}
