// The arithmetic of pairs against the whole table of all pairs, worked out from the definitions.

import assert from "node:assert/strict";
import test from "node:test";
import { isHidden, kindOf, pairNumbers, partnersOf, rankOf, shownPair } from "../../jsma/stage/scripts/pairs.js";
import { readRecording } from "../../jsma/stage/scripts/recording.js";
import { freshView } from "../../jsma/stage/scripts/stage.js";
import { numbersFrom, packed, randomArrays, step } from "./made.js";

/** Every pair of different pixels with its score; null where it is not admissible. */
function table({ a, b, domain }, sign) {
  const pairs = [];
  for (let p = 0; p < 6; p++) {
    for (let q = p + 1; q < 6; q++) {
      const alpha = Math.fround(a[p] + a[q]);
      const beta = Math.fround(b[p] + b[q]);
      const passes = sign > 0 ? alpha > 0 && beta < 0 : alpha < 0 && beta > 0;
      pairs.push({ p, q, alpha, beta, score: passes && domain[p] && domain[q] ? -alpha * beta : null });
    }
  }
  return pairs;
}

const next = numbersFrom(2);
const cases = Array.from({ length: 40 }, (_, at) => {
  const sign = at % 2 ? -1 : 1;
  const arrays = randomArrays(next, at % 5 ? [at % 6] : []);
  const pairs = table(arrays, sign);
  const scores = pairs.flatMap(({ score }) => (score === null ? [] : [score])).sort((one, other) => other - one);
  const facts = { sign, best_pairs: scores.length ? [[0, 1, scores[0]]] : [] };
  return { arrays, sign, pairs, scores, recording: readRecording(packed([step(facts)], [arrays])) };
});

test("the cases hold what they are to show", () => {
  assert.ok(cases.filter(({ scores }) => scores.length > 2).length > 10);
  assert.ok(cases.some(({ scores }) => scores.length === 0));
});

test("sums, tests and score of every pair, in either order", () => {
  for (const { arrays, sign, pairs, recording } of cases) {
    for (const { p, q, alpha, beta, score } of pairs) {
      for (const [one, other] of [
        [p, q],
        [q, p],
      ]) {
        const numbers = pairNumbers(recording, 0, one, other);
        assert.deepEqual([numbers.alpha, numbers.beta, numbers.admissible, numbers.score], [alpha, beta, score !== null, score ?? 0]);
        assert.deepEqual([numbers.alphaPasses, numbers.betaPasses], [sign * alpha > 0, sign * beta < 0]);
        assert.equal(numbers.out, [one, other].find((i) => !arrays.domain[i]) ?? null);
      }
    }
  }
});

test("the partners of a pixel are a row of the table", () => {
  for (const { arrays, pairs, recording } of cases) {
    for (let p = 0; p < 6; p++) {
      const row = Array.from({ length: 6 }, (_, q) => pairs.find((pair) => Math.min(p, q) === pair.p && Math.max(p, q) === pair.q)?.score);
      const { scores, best, passing } = partnersOf(recording, 0, p);
      row.forEach((score, q) => {
        assert.equal(scores[q], q === p || !arrays.domain[p] || !arrays.domain[q] ? NaN : (score ?? 0));
      });
      const admissible = row.filter((score) => score != null);
      assert.equal(passing, admissible.length);
      assert.equal(best, admissible.length ? row.indexOf(Math.max(...admissible)) : null);
    }
  }
});

test("the rank counts the pairs that do better, the bins hold all admissible ones", () => {
  for (const { pairs, scores, recording } of cases) {
    for (const { score } of pairs) {
      if (score === null) continue;
      const { rank, bins, share } = rankOf(recording, 0, score);
      assert.equal(rank, 1 + scores.filter((other) => other > score).length);
      assert.equal(share, score / scores[0]);
      assert.equal(
        bins.reduce((sum, count) => sum + count, 0),
        scores.length,
      );
      const bin = (value) => Math.min(bins.length - 1, Math.floor((value / scores[0]) * bins.length));
      assert.equal(bins[bin(score)], scores.filter((other) => bin(other) === bin(score)).length);
    }
  }
});

test("scores that differ in the last bit share a rank", () => {
  const arrays = { a: [1, 1, 1 + 2 ** -23, 0, 0, 0], b: [-1, -1, -1, 0, 0, 0], jacobian: Array(12).fill(0), image: Array(6).fill(0) };
  const recording = readRecording(packed([step({ best_pairs: [[0, 2, 4]] })], [{ ...arrays, domain: [1, 1, 1, 0, 0, 0] }]));
  assert.equal(rankOf(recording, 0, pairNumbers(recording, 0, 0, 1).score).rank, 1);
});

test("four kinds of pixels, by the signs of pull and push", () => {
  const arrays = { a: [1, 1, -1, -1, 0, 2], b: [-1, 1, -1, 1, 0, 0], jacobian: Array(12).fill(0), image: Array(6).fill(0) };
  const kinds = (sign) => {
    const recording = readRecording(packed([step({ sign })], [{ ...arrays, domain: Array(6).fill(1) }]));
    return [0, 1, 2, 3, 4, 5].map((i) => kindOf(recording, 0, i));
  };
  assert.deepEqual(kinds(1), ["both", "pull", "push", "neither", "neither", "pull"]);
  assert.deepEqual(kinds(-1), ["neither", "push", "pull", "both", "neither", "neither"]);
});

test("shown are the chosen pair, the viewer's picks, or a clicked pixel with its best partner", () => {
  const { arrays } = cases[0];
  const pair = { first: 4, second: 5 };
  const recording = readRecording(packed([step({ pair }), step({ stop: "BUDGET_SPENT" })], [arrays, arrays]));
  const view = freshView();
  const shown = (differs) => {
    const { how, p, q } = shownPair(recording, { ...view, ...differs });
    return [how, p, q];
  };
  assert.deepEqual(shown({}), ["chosen", 4, 5]);
  assert.deepEqual(shown({ k: 1 }), ["chosen", null, null]);
  assert.deepEqual(shown({ predicting: true }), ["picked", null, null]);
  assert.deepEqual(shown({ predicting: true, picks: [2] }), ["picked", 2, null]);
  assert.deepEqual(shown({ predicting: true, revealed: true, picks: [2, 1] }), ["chosen", 4, 5]);
  assert.deepEqual(shown({ k: 1, predicting: true }), ["chosen", null, null]);
  assert.deepEqual(shown({ partner: 3 }), ["partner", 3, partnersOf(recording, 0, 3).best]);
  assert.deepEqual(shown({ phase: { part: 1, share: 0.5, beat: 1 } }), ["chosen", null, null]);
  assert.equal(isHidden(recording, { ...view, predicting: true }), true);
  assert.equal(isHidden(recording, { ...view, predicting: true, k: 1 }), false);
});
