// To whom the guide is offered.

import assert from "node:assert/strict";
import test from "node:test";
import { isOffered } from "../../pages/ui/guide.js";

const first = { search: "?data=uci&digit=7&target=3&step=0", visited: null, member: null, framed: false };

test("the guide is offered at the first visit, also to who has a plain link", () => {
  assert.ok(isOffered(first));
  assert.ok(isOffered({ ...first, search: "" }));
});

test("it is not offered again", () => {
  assert.ok(!isOffered({ ...first, visited: "0" }));
  assert.ok(!isOffered({ ...first, visited: "3" }));
});

test("it is not offered over what a teacher has prepared: hidden controls, some views, a prediction, a class, a page around", () => {
  for (const search of ["?hide=theta,gamma", "?digit=7&views=map,saliency", "?predict=1"]) assert.ok(!isOffered({ ...first, search }));
  assert.ok(!isOffered({ ...first, member: "{}" }));
  assert.ok(!isOffered({ ...first, framed: true }));
});
