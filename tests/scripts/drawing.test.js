// What is written, and where an enlarged element is: in browsers that tell how much it is enlarged, and in WebKit, which does not.

import assert from "node:assert/strict";
import test from "node:test";
import { boxOf, setHtml, zoomOf } from "../../jsma/stage/scripts/drawing.js";
import { term } from "../../jsma/stage/scripts/terms.js";

/** An element that is enlarged twice and stands 30 pixels of the window from its left. @type {(told: object, box: object) => any} */
const enlarged = (told, box) => ({ closest: () => ({ style: { zoom: "2" } }), getBoundingClientRect: () => box, ...told });

const everywhere = enlarged({ currentCSSZoom: 2 }, { left: 30, top: 10, width: 400, height: 200 });
const webkit = enlarged({}, { left: 15, top: 5, width: 200, height: 100 });
const usual = { closest: () => null, getBoundingClientRect: () => ({ left: 15, top: 5, width: 200, height: 100 }) };

test("an enlarged stage is pointed at and drawn alike in all browsers", () => {
  assert.deepEqual(boxOf(webkit), boxOf(everywhere));
  assert.deepEqual([webkit, everywhere, usual].map(zoomOf), [2, 2, 1]);
});

test("a comma after an explained word stays on its line", () => {
  const written = [];
  const element = /** @type {any} */ ({
    getRootNode: () => ({ activeElement: null }),
    contains: () => false,
    closest: () => ({ getAttribute: () => "1" }),
    set innerHTML(html) {
      written.push(html);
    },
  });
  setHtml(element, `Not ${term("admissible")}, so empty; ${term("S")} = 1`);
  assert.deepEqual(written, [`Not <span class="unbroken">${term("admissible")},</span> so empty; ${term("S")} = 1`]);
});
