// A recording is read as it was packed, wherever in memory its bytes begin.

import assert from "node:assert/strict";
import test from "node:test";
import { colourLimit, readRecording } from "../../jsma/stage/scripts/recording.js";
import { numbersFrom, packed, randomArrays, step } from "./made.js";

const next = numbersFrom(1);
const arrays = [randomArrays(next, [2]), randomArrays(next, [0, 5])];
const steps = [step(), step({ sign: -1, jacobian_unit: 0.25, stop: "REACHED_TARGET" })];
const payload = packed(steps, arrays);

/** The same bytes, beginning at `offset` of a larger buffer. */
function shifted(offset) {
  const whole = new Uint8Array(payload.length + offset);
  whole.set(payload, offset);
  return whole.subarray(offset);
}

for (const offset of [0, 1, 3]) {
  test(`every value is read, from bytes at ${offset}`, () => {
    const recording = readRecording(shifted(offset));
    assert.deepEqual([recording.pixels, recording.last, recording.label, recording.target], [6, 1, 7, 3]);
    assert.deepEqual(recording.steps, steps);
    arrays.forEach((of, k) => {
      for (let i = 0; i < 6; i++) {
        assert.equal(recording.a(k, i), of.a[i]);
        assert.equal(recording.b(k, i), of.b[i]);
        assert.equal(recording.value(k, i), of.image[i] / 65535);
        assert.equal(recording.inDomain(k, i), of.domain[i] === 1);
        assert.equal(recording.changed(k, i), of.image[i] !== arrays[0].image[i]);
        for (const digit of [0, 1]) {
          assert.equal(recording.map(k, digit)[i], of.jacobian[6 * digit + i]);
          assert.equal(recording.derivative(k, digit, i), of.jacobian[6 * digit + i] * steps[k].jacobian_unit);
        }
      }
    });
  });
}

test("pull and push are good to the right and up, whichever way pixels are changed", () => {
  const recording = readRecording(payload);
  assert.deepEqual([recording.pull(0, 1), recording.push(0, 1)], [arrays[0].a[1], -arrays[0].b[1]]);
  assert.deepEqual([recording.pull(1, 1), recording.push(1, 1)], [-arrays[1].a[1], arrays[1].b[1]]);
});

test("the colours end at a number that reads well", () => {
  const limited = (limit) =>
    colourLimit(readRecording(packed([step({ map_limits: [limit, 1] })], [arrays[0]], { jacobian_limit: 41 })), 0, 0, "map");
  const close = (value, expected) => assert.ok(Math.abs(value - expected) < 1e-12 * expected, `${value} is not ${expected}`);
  for (const [limit, expected] of [
    [1, 1],
    [1.01, 1.5],
    [0.0234, 0.025],
    [99, 100],
    [4.5, 4.5],
    [0, 1],
  ]) {
    close(limited(limit), expected);
  }
  const recording = readRecording(packed([step()], [arrays[0]], { jacobian_limit: 41 }));
  assert.deepEqual(
    /** @type {const} */ (["map", "step", "trace"]).map((scope) => colourLimit(recording, 0, 1, scope)),
    [2, 3, 45],
  );
});
