// Recordings made by hand, packed byte by byte as jsma/stage/codec.py says.

import { STOPS } from "../../jsma/stage/scripts/texts.js";

// As Python would write them, with words of the tests' own.
Object.assign(STOPS, {
  REACHED_TARGET: { value: "there", title: "There", success: true },
  BUDGET_SPENT: { value: "spent", title: "Spent", success: false },
  NO_ADMISSIBLE_PAIR: { value: "no pair", title: "No pair", success: false },
  DOMAIN_EMPTY: { value: "too few", title: "Too few", success: false },
});

/** Numbers between -1 and 1 that are the same every time. @type {(seed: number) => () => number} */
export function numbersFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A step about which only `facts` matters. */
export const step = (facts = {}) => ({
  reads: 7,
  outputs: [0, 0],
  probabilities: [0.25, 0.75],
  changed: 0,
  sign: 1,
  jacobian_unit: 0.5,
  jacobian_limit: 3,
  map_limits: [1, 2],
  skyband: [],
  counts: { pixels: 6, compared: 15, admissible: 0, alpha_fails: 0, only_beta_fails: 0 },
  best_pairs: [],
  reason: null,
  pair: null,
  stop: null,
  ...facts,
});

/**
 * The bytes of a recording of 2 x 3 pixels and two classes. arrays: by step and name, one value a pixel; jacobian: one a class and pixel.
 */
export function packed(steps, arrays, facts = {}) {
  const header = {
    name: "made",
    height: 2,
    width: 3,
    classes: 2,
    label: 7,
    target: 3,
    rule: "jsma",
    output: "logits",
    direction: "increase",
    theta: 1,
    gamma: 0.5,
    budget: 4,
    jacobian_limit: 4,
    steps,
    ...facts,
  };
  let text = JSON.stringify(header);
  while ((4 + new TextEncoder().encode(text).length) % 8) text += " ";
  const json = new TextEncoder().encode(text);
  const bytes = [];
  const put = (size, write, value) => {
    const view = new DataView(new ArrayBuffer(size));
    view[write](0, value, true);
    bytes.push(...new Uint8Array(view.buffer));
  };
  put(4, "setUint32", json.length);
  bytes.push(...json);
  const layout = [
    ["a", 4, "setFloat32"],
    ["b", 4, "setFloat32"],
    ["jacobian", 2, "setInt16"],
    ["image", 2, "setUint16"],
    ["domain", 1, "setUint8"],
  ];
  for (const [name, size, write] of layout) for (const of of arrays) for (const value of of[name]) put(size, write, value);
  return Uint8Array.from(bytes);
}

/** The arrays of one step: random gradients, all pixels in the domain but `out`. */
export function randomArrays(next, out = []) {
  const six = () => Array.from({ length: 6 }, () => Math.fround(next()));
  return {
    a: six(),
    b: six(),
    jacobian: Array.from({ length: 12 }, () => Math.round(100 * next())),
    image: Array.from({ length: 6 }, () => Math.round(32000 * (1 + next()))),
    domain: [0, 1, 2, 3, 4, 5].map((i) => (out.includes(i) ? 0 : 1)),
  };
}
