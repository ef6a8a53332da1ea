// Before a page is printed: it keeps the layout of the screen, and is scaled to the width of the paper, or to the whole sheet.
// What is drawn for the screen, such as a canvas or a chart, then has its right place and shape.

import { mounted } from "./mounted.js";

const MARGIN = 76; // CSS pixels: 10 mm at either side
const SAFE = 0.97; // on paper, lines are a little higher than on the screen
const PAPERS = { portrait: [794, 1122], landscape: [1122, 794] }; // A4

/** @typedef {{ paper: "portrait" | "landscape", whole: boolean }} Sheet */

/** @type {(mount: { data: Sheet[], parentElement: Element }) => () => void} */
export default function ({ data: [sheet], parentElement }) {
  const [printing, end] = mounted(parentElement, () => watch(parentElement.ownerDocument));
  printing.sheet = sheet;
  return end;
}

/** @type {(document: Document) => { sheet: Sheet, end(): void }} */
function watch(document) {
  const printing = { sheet: null, end: () => window.removeEventListener("beforeprint", measure) };
  function measure() {
    /** @type {HTMLElement} */
    const block = document.querySelector(".stMain .block-container");
    const { paddingLeft, paddingRight } = getComputedStyle(block);
    const width = block.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    const { style } = document.documentElement;
    style.setProperty("--print-width", `${width}px`);
    style.removeProperty("--print-scale");
    const rules = printRules(document);
    for (const rule of rules) rule.media.mediaText = "all"; // for as long as it takes to measure
    const height = block.getBoundingClientRect().height;
    for (const rule of rules) rule.media.mediaText = "print";
    style.setProperty("--print-scale", `${scale(width, height, printing.sheet)}`);
  }
  window.addEventListener("beforeprint", measure);
  return printing;
}

/** What print.css says. @type {(document: Document) => CSSMediaRule[]} */
function printRules(document) {
  const rules = [...document.styleSheets].filter((sheet) => !sheet.href).flatMap((sheet) => [...sheet.cssRules]);
  const media = /** @type {CSSMediaRule[]} */ (rules.filter((rule) => rule instanceof CSSMediaRule));
  return media.filter((rule) => rule.media.mediaText === "print");
}

/** By what a page is scaled to fit its paper; `whole`: to one sheet of it. @type {(width: number, height: number, sheet: Sheet) => number} */
export function scale(width, height, { paper, whole }) {
  const [wide, high] = PAPERS[paper].map((side) => side - MARGIN);
  return Math.min(1, wide / width, whole ? (SAFE * high) / height : 1);
}
