// Stages that step together: who is told of a move, and who is not.

import assert from "node:assert/strict";
import test from "node:test";
import { createMember } from "../../jsma/stage/scripts/together.js";

test("a move is told to all others on the page, once each, with the group's name, until they leave", () => {
  const page = new EventTarget();
  const heard = [];
  const [first, second, third] = ["first", "second", "third"].map((who) => createMember(page, (name, k) => heard.push([who, name, k])));
  createMember(new EventTarget(), () => assert.fail("another page hears nothing"));
  second.moved("a", 4);
  assert.deepEqual(heard.splice(0), [
    ["first", "a", 4],
    ["third", "a", 4],
  ]);
  third.end();
  second.moved("a", 5);
  assert.deepEqual(heard.splice(0), [["first", "a", 5]]);
  first.end();
  second.moved("a", 6);
  assert.deepEqual(heard, []);
});
