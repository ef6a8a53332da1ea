// Labels meet nothing, and of the places that are left they take the one that covers the fewest dots.

import assert from "node:assert/strict";
import test from "node:test";
import { balanced, boxesMeet, DOT, dotsCovered, freeSpot, lineMeets, spotsAround, spotsWithin } from "../../jsma/stage/scripts/labels.js";
import { numbersFrom } from "./made.js";

/** @import { Box, Segment } from "../../jsma/stage/scripts/types.js" */

const box = { left: 100, right: 300, top: 20, bottom: 120 };
const size = { width: 60, height: 20 };
const none = { boxes: [], lines: [] };

/** Points all along a line, for an oracle that looks where it passes. @type {(line: Segment) => { x: number, y: number }[]} */
const along = ([[x1, y1], [x2, y2]]) =>
  Array.from({ length: 2001 }, (_, i) => ({ x: x1 + (i / 2000) * (x2 - x1), y: y1 + (i / 2000) * (y2 - y1) }));

/** @type {(of: Box) => (point: { x: number, y: number }) => boolean} */
const holds =
  ({ left, right, top, bottom }) =>
  ({ x, y }) =>
    x > left && x < right && y > top && y < bottom;

test("with nothing in the way, a label stands at the top right, or at the bottom", () => {
  const spot = freeSpot(spotsWithin(size, box), none, new Float32Array());
  assert.deepEqual(spot, { align: "right", left: 232, right: 292, top: 22, bottom: 42 });
  const low = freeSpot(spotsWithin(size, box, true), none, new Float32Array());
  assert.ok(low.align === "right" && low.bottom <= box.bottom && low.bottom > box.bottom - 6);
});

test("a box at the canvas's edge begins on the left", () => {
  const [first] = spotsWithin(size, { ...box, left: 0 });
  assert.deepEqual([first.align, first.left], ["left", 0]);
});

test("a label that is larger than its box has no place in it", () => {
  assert.deepEqual(spotsWithin({ width: 400, height: 20 }, box), []);
  assert.deepEqual(spotsWithin({ width: 60, height: 200 }, box), []);
});

test("boxes meet when they share more than an edge", () => {
  const to = (left, top) => ({ left, right: left + 10, top, bottom: top + 10 });
  assert.ok(boxesMeet(to(0, 0), to(9, 9)));
  assert.ok(!boxesMeet(to(0, 0), to(10, 0)) && !boxesMeet(to(0, 0), to(0, 10)));
});

test("a line meets a box when one of its points is inside", () => {
  const next = numbersFrom(7);
  const counts = [0, 0];
  for (let round = 0; round < 300; round++) {
    const place = () => /** @type {[number, number]} */ ([200 + 200 * next(), 70 + 100 * next()]);
    const line = /** @type {Segment} */ ([place(), place()]);
    if (round % 5 === 0) line[1][round % 2] = line[0][round % 2]; // upright or level
    const inside = along(line).filter(holds(box)).length;
    if (inside === 1 || inside === 2) continue; // it touches a corner: too close to tell by points
    assert.equal(lineMeets(box, line), inside > 0);
    counts[Number(inside > 0)]++;
  }
  assert.ok(Math.min(...counts) > 50);
});

test("a label meets nothing, and no other place that meets nothing covers fewer dots", () => {
  const next = numbersFrom(4);
  let without = 0;
  for (let round = 0; round < 60; round++) {
    const dots = Float32Array.from(Array.from({ length: 60 }, (_, i) => [200 + 120 * next(), 70 + 60 * next(), DOT, i]).flat());
    const boxes = Array.from({ length: round % 12 }, () => {
      const [left, top] = [200 + 90 * next(), 70 + 40 * next()];
      return { left, right: left + 40, top, bottom: top + 20 };
    });
    const lines = [
      /** @type {Segment} */ ([
        [200 + 100 * next(), 20],
        [200 + 100 * next(), 120],
      ]),
    ];
    const spots = spotsWithin(size, box);
    const free = spots.filter((spot) => {
      const apart = boxes.every(
        (each) => spot.right <= each.left || spot.left >= each.right || spot.bottom <= each.top || spot.top >= each.bottom,
      );
      return apart && !along(lines[0]).some(holds(spot));
    });
    const chosen = freeSpot(spots, { boxes, lines }, dots);
    const covered = free.map((spot) => dotsCovered(spot, dots));
    if (!free.length) without++;
    assert.equal(chosen, free[covered.indexOf(Math.min(...covered))] ?? null);
  }
  assert.ok(without > 0 && without < 60);
});

test("dots that touch a label are covered", () => {
  const spot = { left: 10, right: 20, top: 10, bottom: 20 };
  assert.equal(dotsCovered(spot, Float32Array.from([15, 15, DOT, 0, 22, 15, DOT, 1])), 2);
  assert.equal(dotsCovered(spot, Float32Array.from([23, 15, DOT, 0])), 0);
});

test("around a point, the first place lies where it is asked for, and none covers the point or leaves the bounds", () => {
  const spots = spotsAround(size, [200, 70], 10, box, [1, 0]);
  assert.deepEqual(spots[0], { align: "center", left: 210, right: 270, top: 60, bottom: 80 });
  const mark = { left: 193, right: 207, top: 63, bottom: 77 };
  for (const spot of spots) {
    assert.ok(!boxesMeet(spot, mark));
    assert.ok(spot.left >= 100 && spot.right <= 300 && spot.top >= 20 && spot.bottom <= 120);
  }
});

test("around a point there is no place for a label that is larger than the bounds", () => {
  assert.deepEqual(spotsAround({ width: 201, height: 20 }, [200, 70], 10, box, [1, 0]), []);
  assert.deepEqual(spotsAround({ width: 60, height: 101 }, [200, 70], 10, box, [1, 0]), []);
});

test("a text is broken where its widest line is narrowest", () => {
  const width = (text) => text.length;
  assert.deepEqual(balanced("pushes the others down, but the 2 too", 2, width), ["pushes the others", "down, but the 2 too"]);
  const lines = balanced("only the 8 large dots can win", 3, width);
  assert.equal(lines.join(" "), "only the 8 large dots can win");
  assert.deepEqual([lines.length, Math.max(...lines.map(width))], [3, 10]);
  assert.deepEqual(balanced("one", 3, width), ["one"]);
});
