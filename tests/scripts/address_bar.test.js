// What the address says after a step, after another choice and after Back.

import assert from "node:assert/strict";
import test from "node:test";

/** A browser's history, as far as the address bar asks for it. */
const entries = [""];
let at = 0;
let popped = () => {};
Object.assign(globalThis, {
  addEventListener: (name, listener) => name === "popstate" && (popped = listener),
  location: {
    hash: "",
    get search() {
      return entries[at];
    },
  },
  history: {
    state: null,
    replaceState: (_state, _title, query) => (entries[at] = query),
    pushState: (_state, _title, query) => entries.splice(++at, Infinity, query),
  },
});
const { default: publish, renewed } = await import("../../pages/ui/address_bar.js");

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

test("what is chosen in a widget that Streamlit binds to the address is an entry, which Back undoes", () => {
  const wish = { known: lab, wanted: lab, names, entry: 0 };
  /** @type {(query: string, entry: number) => void} Streamlit writes over the entry there is; then Python asks for one. */
  const choose = (query, entry) => {
    entries[at] = query;
    publish({ data: [{ ...wish, entry }] });
  };
  const [none, two, three] = ["", "&rules=TJSMA", "&rules=WJSMA"].map((rules) => `?digit=7&target=3&step=4${rules}`);
  choose(none, 0);
  choose(two, 1);
  publish({ data: [{ ...wish, entry: 1 }] }); // drawn again
  assert.deepEqual(entries, [none, two]);
  at = 0; // Back
  popped();
  choose(three, 2);
  assert.deepEqual(entries, [none, three]);
  choose(two, 0); // the server has started again: a new session counts anew
  assert.deepEqual(entries, [none, two]);
});
