// Numbers, places and sentences as people read them.

import assert from "node:assert/strict";
import test from "node:test";
import { readRecording } from "../../jsma/stage/scripts/recording.js";
import { inWords } from "../../jsma/stage/scripts/spoken.js";
import { freshView } from "../../jsma/stage/scripts/stage.js";
import { STOPS } from "../../jsma/stage/scripts/texts.js";
import * as words from "../../jsma/stage/scripts/words.js";
import { numbersFrom, packed, randomArrays, step } from "./made.js";

const plain = (html) => html.replace(/<[^>]*>/g, "");
const next = numbersFrom(3);
const made = (steps, facts) =>
  readRecording(
    packed(
      steps,
      steps.map(() => randomArrays(next)),
      facts,
    ),
  );

test("numbers have a true minus sign, and zero has none", () => {
  const told = [-1.5, 1.5, -0.0004, 0.0006, 0].map((value) => words.number(value));
  assert.deepEqual(told, ["−1.500", "1.500", "0.000", "0.001", "0.000"]);
  assert.deepEqual([words.number(2, 1, true), words.number(-2, 0, true), words.number(0, 0, true)], ["+2.0", "−2", "0"]);
});

test("a large slope has no decimals", () => {
  assert.deepEqual(
    [999.5, 1000, -59309.048, 1059309.7].map((value) => words.slope(value)),
    ["999.500", "1,000", "−59,309", "1,059,310"],
  );
  assert.equal(words.slope(1045.53, true), "+1,046");
});

test("a slope that would read as zero is told as a power of ten", () => {
  assert.deepEqual(
    [0.0005, 0.00049, -0.00012, 0, 1.2e-12].map((value) => words.slope(value)),
    ["0.001", "4.9·10⁻⁴", "−1.2·10⁻⁴", "0.000", "1.2·10⁻¹²"],
  );
  assert.deepEqual([words.slope(0.00012, true), words.slope(3, true)], ["+1.2·10⁻⁴", "+3.000"]);
  assert.deepEqual([words.shortSlope(0.5), words.shortSlope(0.002)], ["0.50", "2·10⁻³"]);
});

test("next to nothing and nearly all are told as that", () => {
  const shares = [0, 0.0004, 0.0005, 0.5, 0.9994, 0.9995, 1];
  assert.deepEqual(shares.map(words.percent), [
    "0.0\u00a0%",
    "<\u00a00.1\u00a0%",
    "0.1\u00a0%",
    "50.0\u00a0%",
    "99.9\u00a0%",
    ">\u00a099.9\u00a0%",
    "100\u00a0%",
  ]);
});

test("counts, plurals and articles", () => {
  assert.deepEqual([words.plural(1, "pair"), words.plural(0, "pair"), words.plural(1234, "pair")], ["1 pair", "0 pairs", "1,234 pairs"]);
  assert.deepEqual([words.an(3), words.an(8), words.an(8, "<b>8</b>")], ["a 3", "an 8", "an <b>8</b>"]);
});

test("a pixel is named by row and column", () => {
  const recording = made([step()]);
  assert.deepEqual([words.place(recording, 4), words.place(recording, 4, true)], ["row 1, col 1", "(1, 1)"]);
});

test("what a change does depends on θ and on the direction", () => {
  const told = (facts, sign) => words.changeWords(made([step()], facts), sign);
  assert.deepEqual([told({}, 1), told({}, -1)], ["turn white", "turn black"]);
  assert.deepEqual([told({ theta: 0.3 }, 1), told({ theta: 0.3 }, -1)], ["get brighter by 0.3", "get darker by 0.3"]);
  assert.equal(words.changedWords(made([step()], { direction: "both" })), "changed so far");
  assert.equal(words.changedWords(made([step()], { direction: "decrease" })), "turned black so far");
});

test("the title tells what is going on, and how it ended", () => {
  const title = (...stops) => {
    const recording = made(stops.map((stop) => step({ stop })));
    return plain(words.titleHtml(recording, recording.last));
  };
  assert.equal(title(null), "Making the network read this 7 as a 3");
  assert.equal(title(null, "REACHED_TARGET"), "The network now reads this 7 as a 3");
  assert.equal(title("REACHED_TARGET"), "The network already reads this 7 as a 3");
  assert.equal(title(null, "BUDGET_SPENT"), "The network does not read this 7 as a 3");
});

test("the line in plain words says how sure the network is, and what the attack costs or that it fails", () => {
  const line = (facts, ...stops) => words.plainHtml(made([step(facts), ...stops.map((stop) => step({ ...facts, changed: 4, stop }))]));
  const sure = { reads: 1, probabilities: [0.25, 0.75], outputs: [0, 0] };
  assert.equal(
    line(sure, "REACHED_TARGET"),
    "The network reads this 7 as a 1, 75.0\u00a0% sure. Change 4 pixels and it reads a 3. Watch it, then find out why these.",
  );
  assert.match(line(sure, null, "BUDGET_SPENT"), /Even with 4 pixels changed it does not read a 3\./);
  assert.equal(line({ ...sure, stop: "REACHED_TARGET" }), "The network reads this 7 as a 1, 75.0\u00a0% sure.");
});

test("the title names the class to beat where the network misreads the digit", () => {
  const title = (reads, ...stops) => {
    const recording = made(stops.map((stop) => step({ reads, stop })));
    return plain(words.titleHtml(recording, recording.last));
  };
  assert.equal(title(4, null), "Making the network read this 7, misread as a 4, as a 3");
  assert.equal(title(8, null, "BUDGET_SPENT"), "The network does not read this 7, misread as an 8, as a 3");
  assert.equal(title(3, "REACHED_TARGET"), "The network already reads this 7 as a 3");
  assert.equal(words.misreadAs(made([step({ reads: 7 }), step({ reads: 3 })])), null);
});

test("with a small θ the budget is told in iterations, since a pixel may be changed again", () => {
  const spent = (facts, changed) => plain(words.spentHtml(made([step(), step({ changed })], facts), 1, (word) => word));
  assert.equal(spent({ budget: 112 }, 2), "2 of 112 pixels used");
  assert.equal(spent({ budget: 112, theta: 0.3 }, 2), "1 of 56 iterations, 2 pixels");
  assert.equal(spent({ budget: 4, theta: 0.9 }, 1), "1 of 2 iterations, 1 pixel");
});

test("a screen reader is told every way an attack may end", () => {
  const last = { reads: 1, probabilities: [0.25, 0.75] };
  for (const stop of ["REACHED_TARGET", "BUDGET_SPENT", "NO_ADMISSIBLE_PAIR", "DOMAIN_EMPTY"]) {
    const told = words.spokenStep(made([step({ ...last, stop })]), 0);
    assert.match(told, /^Iteration 0 of 0, reads 1, 75\.0\u00a0%\. Stopped: .+\.$/);
    assert.doesNotMatch(told, /undefined|null|NaN|</);
  }
  assert.equal(words.spokenStep(made([step(last), step(last)]), 0), "Iteration 0 of 1, reads 1, 75.0\u00a0%");
});

test("why no pair is admissible is said, where the derivatives tell", () => {
  const recording = made([step({ stop: "NO_ADMISSIBLE_PAIR", reason: "All derivatives are 0." })]);
  assert.match(plain(words.verdictSentence(recording, recording.steps[0])), / sure\. All derivatives are 0\.$/);
  assert.match(words.spokenStep(recording, 0), / sure\. All derivatives are 0\.$/);
});

test("every way to end is listed with what was found, and the one that it is marked", () => {
  const recording = made([step(), step({ stop: "NO_ADMISSIBLE_PAIR" })]);
  const listed = words.endings(recording, recording.steps[1]);
  assert.deepEqual(
    listed.map(({ title }) => title),
    Object.values(STOPS).map(({ title }) => title),
  );
  assert.deepEqual(
    listed.map(({ fired }) => fired),
    [false, false, true, false],
  );
  for (const { fact } of listed) assert.doesNotMatch(fact, /undefined|null|NaN/);
});

test("what is known of a pixel: its place, value, room, gradients, and whether it can still change", () => {
  const arrays = {
    a: [0.5, 0, 0, 0, 0, 0],
    b: [0.25, 0, 0, 0, 0, 0],
    jacobian: Array(12).fill(0),
    image: [13107, 65535, 0, 0, 0, 32768],
    domain: [1, 0, 0, 1, 1, 0],
  };
  const brighter = readRecording(packed([step()], [arrays]));
  assert.equal(
    words.pixelSentence(brighter, freshView(), 0),
    "Pixel row 0, column 0, value 0.20, room 0.80, a 0.500, −b −0.250, can still change",
  );
  assert.equal(words.pixelSentence(brighter, freshView(), null), "");
  assert.equal(words.domainWords(brighter, 0, 1), "already white: cannot change");
  assert.equal(words.domainWords(brighter, 0, 2), "already black: cannot change");
  assert.equal(words.domainWords(brighter, 0, 5), "changed the other way: stays as it is");
  assert.equal(words.room(readRecording(packed([step({ sign: -1 })], [arrays])), 0, 0), 13107 / 65535);
});

test("what is spoken follows what is shown: the step, the picks, the pair revealed", () => {
  const arrays = {
    a: [1, 2, 1, 0, 0, 0],
    b: [-1, -1, 3, 0, 0, 0],
    jacobian: Array(12).fill(0),
    image: Array(6).fill(0),
    domain: Array(6).fill(1),
  };
  const pair = { first: 0, second: 1, score: 6 };
  const counts = { pixels: 6, compared: 15, admissible: 9, alpha_fails: 0, only_beta_fails: 0 };
  const recording = readRecording(packed([step({ pair, counts }), step()], [arrays, arrays]));
  const view = { ...freshView(), shown: { how: "chosen", p: 0, q: 1 } };
  const told = (differs) => inWords(recording, { ...view, ...differs });
  assert.equal(told({}), words.spokenStep(recording, 0));
  const picked = { how: "picked", p: 0, q: 1 };
  assert.equal(told({ shown: picked, picks: [0] }), "Picked p at row 0, column 0. Pick one more.");
  assert.equal(
    told({ shown: picked, picks: [0, 1], ranking: { rank: 1 } }),
    "Your pair: p at row 0, column 0, q at row 0, column 1, score 6.000, rank 1 of 9 admissible pairs.",
  );
  assert.match(
    told({ shown: { ...picked, q: 2 }, picks: [0, 2] }),
    /Not admissible: β is not below 0: the pair does not lower the sum of the others\./,
  );
  assert.equal(told({ revealed: true }), "The best pair: p at row 0, column 0, q at row 0, column 1, score 6.000.");
});
