// The key under the picture: which colour is which kind of change, and whose the dashed lines are.

import assert from "node:assert/strict";
import test from "node:test";
import { keyHtml } from "../../jsma/stage/scripts/picture.js";
import { freshView } from "../../jsma/stage/scripts/stage.js";

const [LIGHT, DARK] = ["rgb(168 139 245)", "rgb(67 56 98)"]; // a changed pixel that is white, and one that is black

/** Colours and words of the key. @type {(facts: any, changes?: any) => string[]} */
function key(facts, changes = {}) {
  const recording = /** @type {any} */ ({ theta: 1, direction: "increase", steps: [{ changed: 4 }], ...facts });
  const view = { ...freshView(), shown: /** @type {any} */ ({ how: "chosen", p: 0, q: 1 }), ...changes };
  const entries = keyHtml(recording, view).match(/<span>.*?<\/span>/g);
  return entries.map((entry) => entry.replace(/<i [^>]*background:([^"]*)"><\/i>/, "$1 ").replace(/<[^>]*>/g, ""));
}

test("a key for brightened pixels, for darkened ones, and for both", () => {
  assert.deepEqual(key({}), [`${LIGHT} 4 turned white so far`]);
  assert.deepEqual(key({ direction: "decrease" }), [`${DARK} 4 turned black so far`]);
  assert.deepEqual(key({ direction: "both" }), ["4 changed so far:", `${LIGHT} brighter`, `${DARK} darker`]);
  assert.deepEqual(key({ direction: "decrease", theta: 0.4 }), [`${LIGHT} 4 changed so far`]);
});

test("dashed lines are told to be the viewer's while one picks, and after the reveal", () => {
  const picked = { how: "picked", p: 2, q: null };
  assert.equal(key({}, { shown: picked, picks: [2] }).at(-1), "dashed: your pick");
  assert.equal(key({}, { revealed: true, picks: [2, 3] }).at(-1), "dashed: your pick");
  assert.equal(key({}, { revealed: true, picks: [1, 0] }).length, 1);
});
