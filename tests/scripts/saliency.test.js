// The saliency map against the table of all pairs, worked out from the definitions.

import assert from "node:assert/strict";
import test from "node:test";
import { readRecording } from "../../jsma/stage/scripts/recording.js";
import { largestSaliency, saliencyMap, shownSaliency } from "../../jsma/stage/scripts/saliency.js";
import { freshView } from "../../jsma/stage/scripts/stage.js";
import { pixelSentence } from "../../jsma/stage/scripts/words.js";
import { numbersFrom, packed, randomArrays, step } from "./made.js";

const SIX = [0, 1, 2, 3, 4, 5];
const next = numbersFrom(4);

/** The score of sums alpha and beta, 0 where a test fails. */
const scoreOf = (alpha, beta, sign) => (sign * alpha > 0 && sign * beta < 0 ? -alpha * beta : 0);

/** The pixels for which at most one other is at least as good both ways; no two are equal here. */
function skybandOf({ a, b, domain }, sign) {
  const better = (i, j) => j !== i && domain[j] && sign * a[j] >= sign * a[i] && sign * b[j] <= sign * b[i];
  return SIX.filter((i) => domain[i] && SIX.filter((j) => better(i, j)).length < 2);
}

const cases = Array.from({ length: 60 }, (_, at) => {
  const sign = at % 2 ? -1 : 1;
  const arrays = randomArrays(next, at % 3 ? [at % 6] : []);
  return { sign, arrays, recording: readRecording(packed([step({ sign, skyband: skybandOf(arrays, sign) })], [arrays])) };
});

test("alone: −a × b of each pixel that pulls and pushes, and 0 for the others", () => {
  for (const { sign, arrays, recording } of cases) {
    const expected = SIX.map((i) => (arrays.domain[i] ? scoreOf(arrays.a[i], arrays.b[i], sign) : 0));
    assert.deepEqual([...saliencyMap(recording, 0, "alone")], expected);
  }
});

test("paired: the best score of each pixel with any partner, and 0 without one", () => {
  let without = 0;
  for (const { sign, arrays, recording } of cases) {
    const { a, b, domain } = arrays;
    const score = (i, j) => (i !== j && domain[i] && domain[j] ? scoreOf(a[i] + a[j], b[i] + b[j], sign) : 0);
    const expected = SIX.map((i) => Math.max(...SIX.map((j) => score(i, j))));
    assert.deepEqual([...saliencyMap(recording, 0, "paired")], expected);
    without += expected.filter((value) => value === 0).length;
  }
  assert.ok(without > 60 && without < 300);
});

test("the colours end at the largest value of the step, or of the whole trace", () => {
  const [one, other] = cases.filter(({ sign }) => sign > 0);
  const steps = [one, other].map(({ arrays }) => step({ skyband: skybandOf(arrays, 1) }));
  const recording = readRecording(packed(steps, [one.arrays, other.arrays]));
  const largest = [0, 1].map((k) => Math.max(...saliencyMap(recording, k, "paired")));
  assert.deepEqual(
    [0, 1].map((k) => largestSaliency(recording, k, "paired", "step")),
    largest,
  );
  assert.equal(largestSaliency(recording, 0, "paired", "trace"), Math.max(...largest));
});

test("a pixel is told with its saliency, which gives no pair away to who is to predict it", () => {
  const arrays = { a: [0.5, 0.25, 0, 0, 0, 0], b: [-1, -1, 0, 0, 0, 0], jacobian: Array(12).fill(0), image: Array(6).fill(0) };
  const pair = { first: 0, second: 1 };
  const recording = readRecording(packed([step({ skyband: [0, 1], pair })], [{ ...arrays, domain: Array(6).fill(1) }]));
  const told = (differs) => pixelSentence(recording, { ...freshView(), views: ["map"], ...differs }, 0);
  assert.match(told({ saliency: "paired" }), /, best score 1\.500, can still change$/);
  assert.match(told({ saliency: "alone" }), /, S 0\.500, can still change$/);
  assert.match(told({ saliency: "paired", predicting: true }), /, S 0\.500,/);
  assert.match(told({ saliency: "paired", predicting: true, revealed: true }), /, best score 1\.500,/);
  assert.doesNotMatch(told({ views: ["saliency"] }), /score/);
  assert.equal(shownSaliency(recording, { ...freshView(), predicting: true }), "alone");
});
