// Labels stand where they cover the least.

import assert from "node:assert/strict";
import test from "node:test";
import { coverage, DOT, freeSpot, SKYBAND_DOT } from "../../jsma/stage/scripts/labels.js";
import { numbersFrom } from "./made.js";

const box = { left: 100, right: 300, top: 20, bottom: 120 };
const size = { width: 60, height: 20 };

test("with nothing in the way, a label stands at the top right, or at the bottom", () => {
  const spot = freeSpot(size, box, false, () => 0);
  assert.deepEqual([spot.align, spot.left, spot.right, spot.top, spot.bottom], ["right", 232, 292, 22, 42]);
  const low = freeSpot(size, box, true, () => 0);
  assert.deepEqual([low.align, low.bottom <= box.bottom, low.bottom > box.bottom - 6], ["right", true, true]);
});

test("a box at the canvas's edge begins on the left", () => {
  const spot = freeSpot(size, { ...box, left: 0 }, false, () => 0);
  assert.deepEqual([spot.align, spot.left], ["left", 0]);
});

test("a label that does not fit stands at the foot of its box, and never beyond the canvas's left edge", () => {
  const spot = freeSpot({ width: 400, height: 200 }, { left: 0, right: 100, top: 0, bottom: 50 }, false, () => 0);
  assert.deepEqual([spot.left, spot.bottom], [0, 50]);
});

test("no other place costs less", () => {
  const next = numbersFrom(4);
  for (let round = 0; round < 50; round++) {
    const dots = Float32Array.from(
      Array.from({ length: 60 }, (_, i) => [200 + 120 * next(), 70 + 60 * next(), i % 7 ? DOT : SKYBAND_DOT, i]).flat(),
    );
    const taken = [{ left: 240, right: 280, top: 20, bottom: 20 + 40 * Math.abs(next()) }];
    const cost = (spot) => coverage(spot, dots, taken);
    const best = freeSpot(size, box, false, cost);
    assert.equal(best.cost, cost(best));
    for (let top = 22; top + size.height <= box.bottom; top += 6) {
      for (const left of [108, 232]) {
        assert.ok(best.cost <= cost({ left, right: left + size.width, top, bottom: top + size.height }));
      }
    }
  }
});

test("coverage counts dots that touch, large ones ten times, and what is taken fifteen times", () => {
  const spot = { left: 10, right: 20, top: 10, bottom: 20 };
  const covers = (dots, taken = []) => coverage(spot, Float32Array.from(dots.flat()), taken);
  assert.equal(covers([[15, 15, DOT, 0]]), 1);
  assert.equal(covers([[15, 15, SKYBAND_DOT, 0]]), 10);
  assert.equal(covers([[22, 15, DOT, 0]]), 1);
  assert.equal(covers([[23, 15, DOT, 0]]), 0);
  assert.equal(covers([], [{ left: 19, right: 30, top: 0, bottom: 11 }]), 15);
  assert.equal(covers([], [{ left: 20, right: 30, top: 0, bottom: 11 }]), 0);
});
