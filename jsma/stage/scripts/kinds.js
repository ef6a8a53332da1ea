// The legend of the plane's colours: how many pixels of each kind there are, and which kinds the shown pair combines.

import { setHtml } from "./drawing.js";
import { KINDS, kindOf, pairNumbers } from "./pairs.js";

/** @import { Kind } from "./pairs.js" */
/** @import { Recording, Shown, View } from "./types.js" */

/** @type {(legend: HTMLElement, recording: Recording, view: View) => void} */
export function drawKindLegend(legend, recording, { k, kinds, shown }) {
  legend.hidden = !kinds;
  legend.parentElement.toggleAttribute("data-kinds", kinds);
  if (!kinds) return;
  const counts = { both: 0, pull: 0, push: 0, neither: 0 };
  for (let i = 0; i < recording.pixels; i++) if (recording.inDomain(k, i)) counts[kindOf(recording, k, i)]++;
  const entry = ([kind, { label, colour }]) => `<span><i style="background:var(--${colour})"></i>${label}: <b>${counts[kind]}</b></span>`;
  setHtml(legend, Object.entries(KINDS).map(entry).join("") + kindsOfPair(recording, k, shown));
}

/**
 * Which kinds the shown pair combines, and how one makes up for what the other lacks.
 * @type {(recording: Recording, k: number, shown: Shown) => string}
 */
function kindsOfPair(recording, k, { p, q }) {
  if (p === null || q === null) return "";
  const name = (which) => `<b class="${which}">${which}</b>`;
  const [one, other] = [p, q].map((i) => kindOf(recording, k, i));
  const { alphaPasses, betaPasses } = pairNumbers(recording, k, p, q);
  let words;
  if (one === "both" && other === "both")
    words = `${name("p")} and ${name("q")} are each good alone; ${emphasis(recording, k, p, q, name)}`;
  else if (one === "neither" && other === "neither") words = "Neither pixel helps either way";
  else words = [weaknessOf("p", one, "q"), weaknessOf("q", other, "p")].filter(Boolean).join("; ");
  return `<span class="pair-kinds">${words}.</span>`;

  /** What a pixel lacks; nothing for one that is good alone. @type {(which: string, kind: Kind, helper: string) => string} */
  function weaknessOf(which, kind, helper) {
    if (kind === "both") return "";
    const covers = (passes, strength) => `${name(helper)}’s ${strength} ${passes ? "makes up for it" : "is too weak to make up for it"}`;
    if (kind === "pull") return `${name(which)} lifts the others, too; ${covers(betaPasses, "push")}`;
    if (kind === "push") return `${name(which)} pushes the target down, too; ${covers(alphaPasses, "pull")}`;
    return `${name(which)} helps neither way; ${name(helper)} has to make up for it`;
  }
}

/** @type {(recording: Recording, k: number, p: number, q: number, name: (which: string) => string) => string} */
function emphasis(recording, k, p, q, name) {
  const [pull, push] = [recording.pull(k, p) - recording.pull(k, q), recording.push(k, p) - recording.push(k, q)];
  if (pull * push > 0) return `${name(pull > 0 ? "p" : "q")} is the better one both ways`;
  return `${name(pull > 0 ? "p" : "q")} does more for the target, ${name(pull > 0 ? "q" : "p")} more against the others`;
}
