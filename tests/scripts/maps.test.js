// The scale of the maps, in words.

import assert from "node:assert/strict";
import test from "node:test";
import { legendWords } from "../../jsma/stage/scripts/maps.js";

/** A recording of two maps of two pixels, in units of its step. @type {(maps: number[][], limit: number) => any} */
const recorded = (maps, limit) => ({
  classes: 2,
  map: (_, digit) => maps[digit],
  steps: [{ jacobian_limit: limit, map_limits: [limit, limit] }],
  jacobian_limit: 4,
});
const some = recorded([[0, 0], [0, -3]], 0.5); // biome-ignore format: one line

test("the ends of the scale are numbers, unless each map has its own", () => {
  assert.deepEqual(legendWords(some, 0, "step"), ["lowers −0.50", "+0.50 raises"]);
  assert.deepEqual(legendWords(some, 0, "trace"), ["lowers −4.00", "+4.00 raises"]);
  assert.deepEqual(legendWords(some, 0, "map"), ["lowers", "raises"]);
});

test("where every derivative is 0, it says so and shows no scale", () => {
  const none = recorded([[0, 0], [0, 0]], 0); // biome-ignore format: one line
  for (const scope of /** @type {const} */ (["map", "step", "trace"])) {
    assert.deepEqual(legendWords(none, 0, scope), ["all derivatives are 0", ""]);
  }
});
