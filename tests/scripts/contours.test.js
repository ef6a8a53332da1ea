// However close p and q are, each one's contour surrounds its own pixel, and neither contour nor letter covers the other's.

import assert from "node:assert/strict";
import test from "node:test";
import { cellOf, contoursOf, lettersOf } from "../../jsma/stage/scripts/contours.js";

const recording = /** @type {any} */ ({ width: 28, height: 28 });
const PICTURES = [
  { cell: 10, reach: 9.5, stroke: 2.6 },
  { cell: 8, reach: 7.6, stroke: 2.6 },
  { cell: 3, reach: 4.5, stroke: 1.75 },
  { cell: 2.5, reach: 4.5, stroke: 1.75 },
];

/** Some pixels in corners, at edges and within, each with all its neighbours up to six away. */
function* pairs() {
  for (const p of [0, 27, 756, 783, 14, 28 * 13 + 14]) {
    for (let down = -6; down <= 6; down++) {
      for (let right = -6; right <= 6; right++) {
        const [row, column] = [Math.floor(p / 28) + down, (p % 28) + right];
        if ((down || right) && row >= 0 && row < 28 && column >= 0 && column < 28) yield { p, q: 28 * row + column };
      }
    }
  }
}

/** @type {(box: any, by: number) => any} */
const grown = ({ left, right, top, bottom }, by) => ({ left: left - by, right: right + by, top: top - by, bottom: bottom + by });
const apart = (one, other) =>
  one.right <= other.left + 1e-9 || other.right <= one.left + 1e-9 || one.bottom <= other.top + 1e-9 || other.bottom <= one.top + 1e-9;
const within = (one, other) => one.left >= other.left && one.right <= other.right && one.top >= other.top && one.bottom <= other.bottom;

test("contours of two pixels never meet, and each surrounds the middle of its own", () => {
  for (const { cell, reach, stroke } of PICTURES) {
    for (const pair of pairs()) {
      const [p, q] = contoursOf(recording, pair, cell, reach, stroke);
      assert.ok(apart(grown(p.box, stroke / 2), grown(q.box, stroke / 2)), JSON.stringify({ pair, cell }));
      for (const { name, box } of [p, q]) {
        const own = cellOf(recording, pair[name], cell);
        assert.ok(within(grown(own, -cell / 2), box));
        if (cell > 2 * stroke) assert.ok(within(grown(own, -stroke), box), "all of the pixel but an edge is within the line");
      }
    }
  }
});

test("pixels that touch have their outlines: outwards around them, inwards where they face each other", () => {
  const [p, q] = contoursOf(recording, { p: 28 * 5 + 5, q: 28 * 5 + 6 }, 10, 9.5, 2);
  assert.deepEqual(p.box, { left: 49, right: 59, top: 49, bottom: 61 });
  assert.deepEqual(q.box, { left: 61, right: 71, top: 49, bottom: 61 });
});

test("far apart, p has a circle and q a square", () => {
  const contours = contoursOf(recording, { p: 28 * 5 + 5, q: 28 * 15 + 5 }, 10, 9.5, 2.6);
  assert.deepEqual(
    contours.map(({ box, round }) => [box.right - box.left, box.bottom - box.top, round]),
    [
      [19, 19, 0.5],
      [19, 19, 0.5],
    ],
  );
});

test("letters stand in the picture, off both pixels, both contours and each other", () => {
  const [cell, reach, stroke] = [10, 9.5, 2.6];
  const bounds = { left: 0, right: 280, top: 0, bottom: 280 };
  for (const pair of pairs()) {
    const contours = contoursOf(recording, pair, cell, reach, stroke);
    const letters = lettersOf(contours, [], stroke, bounds);
    assert.deepEqual(
      letters.map(({ name }) => name),
      ["p", "q"],
    );
    assert.ok(apart(letters[0].box, letters[1].box));
    for (const { box } of letters) {
      assert.ok(within(box, bounds));
      for (const contour of contours) assert.ok(apart(box, grown(contour.box, stroke / 2)));
      for (const pixel of [pair.p, pair.q]) assert.ok(apart(box, cellOf(recording, pixel, cell)));
    }
  }
});
