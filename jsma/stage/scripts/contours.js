// Contours of p and q in a picture: each surrounds its own pixel, and however close the two are, neither crosses the other or its pixel.

import { PQ, write } from "./drawing.js";
import { boxesMeet, freeSpot, spotsAround } from "./labels.js";

/** @import { Box, Pen, Point, Recording, Shown } from "./types.js" */

/** @typedef {{ name: "p" | "q", box: Box, round: number }} Contour the path of the line, and which share of it the corners' radius is */
/** @typedef {{ name: "p" | "q", x: number, y: number, box: Box }} Letter where it is written, and the box that it fills */
/** @typedef {{ p: string, q: string, halo: string, dashed?: boolean }} Look */

const HALO = 1.2; // on each side of a contour: keeps it visible on any ground
const LETTER = { width: 13, height: 16, baseline: 11 }; // p or q, 18 px bold
const NO_DOTS = new Float32Array();

/** The square that a pixel takes on a picture whose pixels are `cell` wide. @type {(recording: Recording, pixel: number, cell: number) => Box} */
export function cellOf({ width }, pixel, cell) {
  const [left, top] = [(pixel % width) * cell, Math.floor(pixel / width) * cell];
  return { left, right: left + cell, top, bottom: top + cell };
}

/** @type {({ left, right, top, bottom }: Box, by: number) => Box} */
const grown = ({ left, right, top, bottom }, by) => ({ left: left - by, right: right + by, top: top - by, bottom: bottom + by });

/**
 * Return the contours of p and q, or of the one there is. Far apart, p has a circle and q a square, `reach` from the middle
 * of the pixel. Nearer, both run around the pixel itself, or `reach` away where pixels are smaller than that; and on the
 * sides that face each other they stop half way, which for two pixels that touch is inside each one's own edge.
 * @type {(recording: Recording, pair: { p: number | null, q: number | null }, cell: number, reach: number, stroke: number) => Contour[]}
 */
export function contoursOf(recording, pair, cell, reach, stroke) {
  const cells = PQ.filter((name) => pair[name] !== null).map((name) => ({ name, box: cellOf(recording, pair[name], cell) }));
  const wide = cells.map(({ name, box }) => ({ name, box: grown(box, reach - cell / 2), round: 0.5 }));
  if (cells.length < 2 || pair.p === pair.q || !boxesMeet(...outlines(wide, stroke))) return wide;
  const nearReach = cell / 2 > stroke ? stroke / 2 : reach - cell / 2;
  const [p, q] = cells.map(({ name, box }) => ({ name, box: grown(box, nearReach), round: 0.3 }));
  const [right, down] = [cells[1].box.left - cells[0].box.left, cells[1].box.top - cells[0].box.top];
  const [before, after] = Math.abs(right) > Math.abs(down) ? sidesOf("left", "right") : sidesOf("top", "bottom");
  const [first, second] = (Math.abs(right) > Math.abs(down) ? right : down) > 0 ? [p, q] : [q, p];
  const middle = (first.box[before] + nearReach + second.box[after] - nearReach) / 2;
  first.box[after] = Math.min(first.box[after], middle - stroke / 2);
  second.box[before] = Math.max(second.box[before], middle + stroke / 2);
  return [p, q];
}

/** @type {(before: "left" | "top", after: "right" | "bottom") => ["left" | "top", "right" | "bottom"]} */
const sidesOf = (before, after) => [before, after];

/** What two contours cover, with their halos. @type {(contours: Contour[], stroke: number) => [Box, Box]} */
const outlines = ([p, q], stroke) => [grown(p.box, stroke / 2 + HALO), grown(q.box, stroke / 2 + HALO)];

/** Draw contours on their halos. @type {(pen: Pen, contours: Contour[], stroke: number, look: Look) => void} */
export function drawContours(pen, contours, stroke, look) {
  for (const halo of [true, false]) {
    for (const { name, box, round } of contours) {
      const [width, height] = [box.right - box.left, box.bottom - box.top];
      pen.beginPath();
      if (name === "p") pen.roundRect(box.left, box.top, width, height, round * Math.min(width, height));
      else pen.rect(box.left, box.top, width, height);
      pen.lineWidth = halo ? stroke + 2 * HALO : stroke;
      pen.strokeStyle = halo ? look.halo : look[name];
      pen.setLineDash(look.dashed && !halo ? [4, 3] : []);
      pen.stroke();
    }
  }
  pen.setLineDash([]);
}

/** Write the letters beside their contours. @type {(pen: Pen, letters: Letter[], font: string, look: Look) => void} */
export function drawLetters(pen, letters, font, look) {
  for (const { name, x, y } of letters) {
    write(pen, name, x, y, { size: 18, weight: 700, colour: look[name], halo: look.halo, font, align: "center" });
  }
}

/**
 * Where the letters of contours stand: outside all contours, on the sides that face away from each other.
 * @type {(contours: Contour[], taken: Contour[], stroke: number, bounds: Box) => Letter[]}
 */
export function lettersOf(contours, taken, stroke, bounds) {
  const boxes = [...contours, ...taken].map(({ box }) => grown(box, stroke / 2));
  const middle = (/** @type {Box} */ box) => /** @type {Point} */ ([(box.left + box.right) / 2, (box.top + box.bottom) / 2]);
  return contours.flatMap(({ name, box }) => {
    const at = middle(box);
    const from = contours.length > 1 ? middle(contours[name === "p" ? 1 : 0].box) : middle(bounds);
    const away = /** @type {Point} */ (contours.length > 1 ? [at[0] - from[0], at[1] - from[1]] : [from[0] - at[0], 0]);
    const reach = Math.max(box.right - box.left, box.bottom - box.top) / 2 + stroke / 2 + HALO;
    const spot = freeSpot(spotsAround(LETTER, at, reach, bounds, away), { boxes, lines: [] }, NO_DOTS);
    if (!spot) return [];
    boxes.push(spot);
    return [{ name, x: (spot.left + spot.right) / 2, y: spot.top + LETTER.baseline, box: spot }];
  });
}
