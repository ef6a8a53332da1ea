// Perturb: the two pixels before and after, the forecast against what happened, and at the end the verdict.

import { setHtml } from "./drawing.js";
import { pairNumbers } from "./pairs.js";
import { greyOf } from "./picture.js";
import { term } from "./terms.js";
import { an, changeWords, endings, hundredths, number, percent, plural, room, slope, verdictSentence } from "./words.js";

/** @import { DrawnView, Find, Layout, Recording, Shown, Step, View } from "./types.js" */

/** @type {(find: Find) => DrawnView} */
export function createPerturb(find) {
  return {
    draw(recording, view) {
      const step = recording.steps[view.k];
      find(".change").hidden = !step.pair && view.shown.how !== "partner";
      find(".verdict").hidden = !step.stop || view.shown.how === "partner";
      find(".perturb-caption").textContent = perturbCaption(recording, step, view.layout);
      setHtml(find(".change"), changeHtml(recording, view));
      setHtml(find(".verdict"), step.stop ? verdictHtml(recording, view.k) : "");
    },
  };
}

/** @type {(recording: Recording, step: Step, layout: Layout) => string} */
function perturbCaption(recording, step, layout) {
  if (step.stop) return "The loop ends when one of four things happens.";
  const words = changeWords(recording, step.sign).replace("turn", "Turn both pixels").replace("get", "Make both pixels");
  return layout === "projector" ? `${words.replace(" pixels", "")}, ask again.` : `${words}, then ask the network again.`;
}

/** @type {(recording: Recording, view: View) => string} */
function changeHtml(recording, view) {
  if (view.shown.how === "partner") return partnerChange(recording, view);
  if (view.shown.how === "picked") return predictChange(view);
  return recording.steps[view.k].pair ? chosenChange(recording, view.k) : "";
}

/** @type {(recording: Recording) => string} */
const targetHtml = (recording) => `<b class="target">${recording.target}</b>`;

/** @type {(recording: Recording) => string} */
const outputOfTarget = (recording) => `${term(recording.output === "logits" ? "logit" : "probability")} of ${targetHtml(recording)}`;

/** @type {(recording: Recording, k: number) => string} */
function chosenChange(recording, k) {
  const { pair } = recording.steps[k];
  const longest = Math.max(Math.abs(pair.forecast), Math.abs(pair.happened)) || 1;
  return `
    <div class="swatches">${swatches("p", pair.before[0], pair.after[0])}${swatches("q", pair.before[1], pair.after[1])}</div>
    <div class="promise"><h3>Change in the ${outputOfTarget(recording)}</h3>
      ${promiseBar("forecast", pair.forecast, "outline", longest)}${promiseBar("happened", pair.happened, "solid", longest)}</div>
    <div class="answer">${answerHtml(recording, k)}</div>`;
}

/** @type {(name: string, value: number, style: string, longest: number) => string} */
function promiseBar(name, value, style, longest) {
  const width = (100 * Math.abs(value)) / longest;
  return `<span>${name}</span><span class="track"><i class="${style}${value < 0 ? " negative" : ""} ${name}" style="width:${width}%"></i></span>
    <b data-testid="stage-${name}">${slope(value, true)}</b>`;
}

/**
 * For a clicked pixel and its best partner: the forecast only, since the method does not try it.
 * @type {(recording: Recording, view: View) => string}
 */
function partnerChange(recording, { k, shown }) {
  if (shown.q === null || !recording.inDomain(k, shown.p)) return "<p class='caption'>There is no pair to change.</p>";
  const { sign, best_pairs } = recording.steps[k];
  const pixels = [shown.p, shown.q];
  const moves = pixels.map((i) => sign * Math.min(recording.theta, room(recording, k, i)));
  const forecast = pixels.reduce((sum, i, at) => sum + moves[at] * recording.derivative(k, recording.target, i), 0);
  const { score } = pairNumbers(recording, k, shown.p, shown.q);
  const boxes = pixels.map((i, at) => swatches("pq"[at], recording.value(k, i), recording.value(k, i) + moves[at])).join("");
  return `<div class="swatches">${boxes}</div>
    <div class="promise"><h3>Change in the ${outputOfTarget(recording)}</h3>
      ${promiseBar("forecast", forecast, "outline", Math.abs(forecast))}<span class="quiet wide">not tried by the method</span></div>
    <div class="answer"><p>Only the best pair is changed:</p><p>score ${slope(best_pairs[0][2])}, this one ${slope(score)}.</p></div>`;
}

/** @type {(view: View) => string} */
function predictChange({ shown }) {
  return `${predictButtons(shown)}<p class="caption">Then the best pair is shown here.</p>`;
}

/** @type {(shown: Shown) => string} */
export function predictButtons(shown) {
  return `<div class="predict-buttons">
      <button class="strong" data-testid="stage-reveal">Show the best pair</button>
      <button data-testid="stage-undo" aria-disabled="${shown.p === null}">Undo</button>
      <button data-testid="stage-again" aria-disabled="${shown.p === null}">Pick again</button>
    </div>`;
}

/** @type {(name: string, before: number, after: number) => string} */
function swatches(name, before, after) {
  const box = (value, when) =>
    `<span class="pixel ${name} ${when}" style="background:rgb(${Array(3).fill(greyOf(value)).join(" ")});color:${value > 0.55 ? "#000" : "#fff"}">${number(value, 2)}</span>`;
  return `<span class="swatch-row"><b class="${name}">${name}</b>${box(before, "before-change")}<span class="quiet">→</span>${box(after, "after-change")}</span>`;
}

/** @type {(recording: Recording, k: number) => string} */
function answerHtml(recording, k) {
  const after = recording.steps[k + 1];
  const [from, to] = [k, k + 1].map((at) => percent(recording.steps[at].probabilities[recording.target]));
  const reached = after.stop === "REACHED_TARGET";
  return `<h3>${an(recording.target, targetHtml(recording)).replace("a", "A")} yet?</h3>
    <p><b>${reached ? "Yes" : "No"}:</b> ${targetHtml(recording)} is ${from} → ${to}</p>
    <p>${after.stop ? "The loop ends here." : "Next iteration."}</p>`;
}

/** @type {(recording: Recording, k: number) => string} */
function verdictHtml(recording, k) {
  const step = recording.steps[k];
  const share = ((100 * step.changed) / recording.pixels).toFixed(1);
  const cost = k
    ? `${plural(k, "pair")}, ${plural(step.changed, "pixel")}: ${hundredths(share)} of the picture.`
    : "Not a single pixel was changed.";
  const ending = ({ title, fact, fired }) =>
    `<li class="${fired ? "fired" : ""}"><span aria-hidden="true">${fired ? "✓" : ""}</span><span>${title}</span><span>${fact}</span></li>`;
  return `
    <div><p class="sentence">${verdictSentence(recording, step)}</p><p class="cost">${cost}</p></div>
    <ul>${endings(recording, step).map(ending).join("")}</ul>`;
}
