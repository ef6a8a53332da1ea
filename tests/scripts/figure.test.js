// What is drawn over the dots of the plane, against the numbers of the pairs.

import assert from "node:assert/strict";
import test from "node:test";
import { figureOf, midpointsOf, reserved } from "../../jsma/stage/scripts/figure.js";
import { boxesMeet, lineMeets } from "../../jsma/stage/scripts/labels.js";
import { onOneLine } from "../../jsma/stage/scripts/naming.js";
import { pairNumbers, revealedPicks } from "../../jsma/stage/scripts/pairs.js";
import { readRecording } from "../../jsma/stage/scripts/recording.js";
import { freshView } from "../../jsma/stage/scripts/stage.js";
import { numbersFrom, packed, randomArrays, step } from "./made.js";

const pair = { first: 0, second: 1, alpha: 1.2, beta: -0.9, score: 1.08, before: [0, 0], after: [1, 1], forecast: 1, happened: 1 };
const arrays = {
  ...randomArrays(numbersFrom(3)),
  a: [0.7, 0.5, 0.6, -0.2, 0.1, 0.3].map(Math.fround),
  b: [-0.4, -0.5, -0.3, -0.6, 0.2, -0.1].map(Math.fround),
};
const facts = { pair, best_pairs: [[0, 1, 1.08]] };
const steps = [step(facts), step({ stop: "REACHED_TARGET" })];
const recording = readRecording(packed(steps, [arrays, arrays]));
const scales = /** @type {any} */ ({
  left: -1,
  right: 1,
  bottom: -1,
  top: 1,
  margin: { top: 0, bottom: 0 },
  x: (pull) => 100 * (pull + 1),
  y: (push) => 100 * (1 - push),
});

/** The figure of a view. @type {(changes: any) => any} */
const drawn = (changes) => {
  const view = { ...freshView(), shown: { how: "chosen", p: 0, q: 1 }, ...changes };
  return figureOf({ ...view, scales, recording, step: recording.steps[view.k], width: 200, height: 200 });
};

test("p and q stand at their dots, and the midpoint's curve has the pair's score all along", () => {
  const { marks, lines } = drawn({});
  assert.deepEqual(Object.fromEntries(marks.map(({ name, at }) => [name, at.map(Math.round)])), { p: [170, 60], q: [150, 50] });
  const curve = lines.find(({ colour }) => colour === "target");
  for (const [x, y] of curve.points) assert.ok(Math.abs(4 * (x / 100 - 1) * (1 - y / 100) - 1.08) < 1e-6);
});

test("where p and q share a place, p is drawn last and smaller, so that both are seen", () => {
  const { marks } = drawn({ shown: { how: "chosen", p: 0, q: 0 } });
  assert.deepEqual(
    marks.map(({ name }) => name),
    ["q", "p"],
  );
  assert.ok(marks[1].radius < marks[0].radius);
});

test("after the reveal the viewer's pair stays, and a rectangle is a quarter of each score", () => {
  const { marks, areas } = drawn({ revealed: true, picks: [2, 0] });
  assert.deepEqual(
    marks.filter(({ mine }) => mine).map(({ name, at }) => [name, ...at.map(Math.round)]),
    [
      ["p", 160, 70],
      ["q", 170, 60],
    ],
  );
  const scores = [
    [0, 1],
    [2, 0],
  ].map(([p, q]) => pairNumbers(recording, 0, p, q).score);
  areas.forEach(({ left, right, top, bottom }, at) => {
    assert.ok(Math.abs((4 * (right - left) * (bottom - top)) / 1e4 - scores[at]) < 1e-6);
  });
  assert.deepEqual(
    areas.map(({ mine }) => mine),
    [false, true],
  );
});

test("a pair that is not admissible has no rectangle; before the reveal, and for the very pair, nothing is beside it", () => {
  assert.deepEqual(
    drawn({ revealed: true, picks: [3, 4] }).areas.map(({ mine }) => mine),
    [false],
  );
  const view = { ...freshView(), shown: /** @type {any} */ ({ how: "chosen", p: 0, q: 1 }) };
  assert.equal(revealedPicks({ ...view, picks: [2, 3] }), null);
  assert.equal(revealedPicks({ ...view, revealed: true, picks: [1, 0] }), null);
  assert.deepEqual(revealedPicks({ ...view, revealed: true, picks: [1, 2] }), [1, 2]);
});

test("at the end the trail holds every chosen pair's midpoint", () => {
  const { trail } = drawn({ k: 1, shown: { how: "chosen", p: null, q: null } });
  assert.deepEqual(midpointsOf(recording), [[0.6, 0.45]]);
  assert.deepEqual(
    trail.map((point) => point.map(Math.round)),
    [[160, 55]],
  );
});

test("no label may stand on a mark, on a line, or on the edges of a rectangle", () => {
  const { boxes, lines } = reserved(drawn({ revealed: true, picks: [2, 0] }));
  const at = (x, y) => ({ left: x - 1, right: x + 1, top: y - 1, bottom: y + 1 });
  const taken = (x, y) => boxes.some((box) => boxesMeet(box, at(x, y))) || lines.some((line) => lineMeets(at(x, y), line));
  for (const [x, y] of [
    [170, 60],
    [150, 50],
    [160, 70],
    [120, 55],
    [160, 90],
  ])
    assert.ok(taken(x, y), `${x}, ${y}`);
  assert.ok(!taken(20, 180));
});

test("the plane of probabilities is told to be one line only where it is one", () => {
  const opposite = { ...arrays, b: arrays.a.map((value) => -value) };
  const on = (of, output) => onOneLine(readRecording(packed([step()], [of], { output })), 0);
  assert.deepEqual([on(opposite, "probabilities"), on(opposite, "logits"), on(arrays, "probabilities")], [true, false, false]);
});
