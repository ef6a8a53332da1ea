// What the address says after a step, after another choice and after Back.

import assert from "node:assert/strict";
import test from "node:test";
import { renewed } from "../../pages/ui/address_bar.js";

const names = ["digit", "target", "hide", "step"];
const lab = { digit: "7", target: "3", step: "4" };

test("a step takes the place of the one before, and what else the address says stays", () => {
  const known = { ...lab, step: "0" };
  assert.equal(renewed("?digit=7&target=3&step=3&rules=JSMA", { known, wanted: lab, names }), "?digit=7&target=3&step=4&rules=JSMA");
});

test("a link that says little or nothing is completed, one that asks for the impossible is corrected", () => {
  assert.equal(renewed("", { known: {}, wanted: lab, names }), "?digit=7&target=3&step=4");
  assert.equal(renewed("?digit=7", { known: { digit: "7" }, wanted: lab, names }), "?digit=7&target=3&step=4");
  const known = { digit: "12", hide: "x" };
  assert.equal(renewed("?digit=12&hide=x", { known, wanted: lab, names }), "?digit=7&target=3&step=4");
});

test("the address of another choice, as after Back, is left as it is", () => {
  assert.equal(renewed("?digit=7&target=5&step=2", { known: lab, wanted: lab, names }), null);
});
