// Predictions that come back from the browser: what is taken up, and what is left.

import assert from "node:assert/strict";
import test from "node:test";
import { keepPredictions, keptPredictions } from "../../pages/ui/predictions.js";

const stored = new Map();
Object.defineProperty(globalThis, "localStorage", {
  value: { getItem: (key) => stored.get(key) ?? null, setItem: (key, text) => stored.set(key, text) },
});

const recording = /** @type {any} */ ({ name: "a", last: 3 });
const [hit, miss] = [
  { rank: 1, share: 1, score: 2.5 },
  { rank: null, share: 0, score: -1 },
];

test("predictions are there again, each with its recording", () => {
  keepPredictions(
    recording,
    new Map([
      [0, hit],
      [2, miss],
    ]),
  );
  keepPredictions({ ...recording, name: "b" }, new Map([[1, miss]]));
  assert.deepEqual(
    [...keptPredictions(recording)],
    [
      [0, hit],
      [2, miss],
    ],
  );
  assert.equal(keptPredictions({ ...recording, name: "c" }).size, 0);
});

test("what cannot be a prediction of this recording is left", () => {
  const rows = [
    [3, hit],
    [-1, hit],
    ["0", hit],
    [1, { ...hit, rank: 0 }],
    [1, { ...hit, share: 2 }],
    [1, null],
    7,
    [1, { ...hit, score: "x" }],
  ];
  stored.set("jsma predictions", JSON.stringify({ version: 1, all: [["a", rows]] }));
  assert.equal(keptPredictions(recording).size, 0);
  for (const text of ["", "{", "null", '{"version":2,"all":[]}', '{"version":1,"all":[7,["a",9]]}']) {
    stored.set("jsma predictions", text);
    assert.equal(keptPredictions(recording).size, 0);
  }
});
