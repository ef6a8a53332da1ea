// Pointing and picking, by mouse, finger or keyboard: one pixel is the same in every picture, map, dot and number.

import { boxOf, clamp, zoomOf } from "./drawing.js";

/** @import { Recording } from "./types.js" */

/** The innermost element, or the document, where an event has happened. @type {(event: Event) => Element} */
const under = (event) => /** @type {Element} */ (event.composedPath()[0]);

/**
 * @typedef {object} Pointing what listenForPixels asks and tells
 * @property {() => [height: number, width: number]} size
 * @property {() => number | null} current
 * @property {(canvas: HTMLCanvasElement, x: number, y: number, box: { width: number, height: number }) => number | null} pixelAt
 * @property {(pixel: number | null) => void} point
 * @property {(pixel: number) => void} pick
 * @property {() => void} say
 */

/**
 * Watch `root` and tell which pixel is pointed at (point) and which is picked (pick). pixelAt(canvas, x, y) says which
 * pixel a place on a canvas stands for; say() tells where the marker was moved. A finger points with the first tap and picks with the second.
 * @type {(root: HTMLElement, watched: Pointing) => void}
 */
export function listenForPixels(root, { size, pixelAt, current, point, pick, say }) {
  let pointedBefore = null;

  /** @type {(event: MouseEvent) => number | null} */
  function pixelUnder(event) {
    const target = under(event);
    const marked = target.closest?.("[data-pixel]");
    if (marked) return Number(marked.getAttribute("data-pixel"));
    if (!(target instanceof HTMLCanvasElement)) return null;
    const [box, zoom] = [boxOf(target), zoomOf(target)];
    return pixelAt(target, event.clientX / zoom - box.left, event.clientY / zoom - box.top, box);
  }

  root.addEventListener("pointermove", (event) => point(pixelUnder(event)));
  root.addEventListener("pointerdown", (event) => {
    pointedBefore = current();
    point(pixelUnder(event));
  });
  root.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && point(null));
  root.addEventListener("click", (event) => {
    const pixel = pixelUnder(event);
    if (pixel === null || !under(event).matches("canvas")) return;
    if (event.pointerType === "touch" && pixel !== pointedBefore) return;
    pick(pixel);
  });
  root.addEventListener("keydown", (event) => {
    if (!(/** @type {Element} */ (event.target).matches(".now, .partner-map"))) return;
    const pixel = current();
    if (event.key === "Enter" && pixel !== null) pick(pixel);
    else if (event.key in ARROWS) {
      point(moved(pixel, ARROWS[event.key], size()));
      say();
    } else return;
    event.preventDefault();
  });
}

/** @type {Record<string, [down: number, right: number]>} */
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * The pixel one row or column on; from none, the middle of the picture.
 * @type {(pixel: number | null, by: [down: number, right: number], size: [height: number, width: number]) => number}
 */
function moved(pixel, [down, right], [height, width]) {
  if (pixel === null) return Math.floor(height / 2) * width + Math.floor(width / 2);
  const row = clamp(Math.floor(pixel / width) + down, 0, height - 1);
  return row * width + clamp((pixel % width) + right, 0, width - 1);
}

/**
 * Which pixel of a picture lies under a point of its box, or null beyond its edge.
 * @type {(recording: Recording, x: number, y: number, box: { width: number, height: number }) => number | null}
 */
export function pixelOnGrid(recording, x, y, box) {
  const column = Math.floor((x / box.width) * recording.width);
  const row = Math.floor((y / box.height) * recording.height);
  const inside = column >= 0 && column < recording.width && row >= 0 && row < recording.height;
  return inside ? row * recording.width + column : null;
}
