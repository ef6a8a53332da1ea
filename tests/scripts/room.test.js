// Which layout a room gets, and how far the stage is enlarged in it.

import assert from "node:assert/strict";
import test from "node:test";
import { layoutFor } from "../../jsma/stage/scripts/room.js";

test("on a usual screen nothing is enlarged; on a low and wide one Perturb stands beside Saliency", () => {
  assert.deepEqual(layoutFor(1092, 900, false), { layout: "desk", zoom: 1, low: false });
  assert.deepEqual(layoutFor(932, 720, false), { layout: "desk", zoom: 1, low: true });
  assert.deepEqual(layoutFor(1232, 720, false), { layout: "projector", zoom: 1, low: true });
  assert.deepEqual(layoutFor(358, 844, false), { layout: "phone", zoom: 1, low: false });
});

test("on a large screen the stage grows with what is shorter, width or height", () => {
  assert.deepEqual(layoutFor(2184, 5000, false), { layout: "desk", zoom: 2, low: false });
  assert.deepEqual(layoutFor(2900, 1900, false), { layout: "desk", zoom: 2, low: false });
  assert.deepEqual(layoutFor(2512, 1528, false), { layout: "projector", zoom: 2, low: false });
  assert.equal(layoutFor(1872, 1080, false).layout, "projector");
});

test("a little more room never makes anything smaller within a layout", () => {
  for (let width = 860; width < 2600; width += 20) {
    const [narrower, wider] = [layoutFor(width, 1080, false), layoutFor(width + 20, 1080, false)];
    if (narrower.layout === wider.layout) assert.ok(wider.zoom >= narrower.zoom);
  }
});

test("what is presented fills the screen, but on a phone, where it could not be read", () => {
  assert.deepEqual(layoutFor(2320, 1440, true), { layout: "projector", zoom: 2, low: false });
  assert.equal(layoutFor(1024, 768, true).layout, "projector");
  assert.equal(layoutFor(390, 844, true).layout, "phone");
  assert.equal(layoutFor(844, 390, true).layout, "phone");
});
