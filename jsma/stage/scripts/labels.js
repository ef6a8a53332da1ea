// Where in the plane a label covers the least.

/** @import { Box } from "./types.js" */

/** @typedef {Box & { align: "left" | "right", cost: number }} Spot */

export const DOT = 2.4;
export const SKYBAND_DOT = 5;
const RASTER = 6; // labels are tried at heights so far apart

/**
 * Return the place for a label of a size inside `box` with the lowest cost, the first of equals.
 * It stands at the left or the right side of the box, at any height; `low` prefers the bottom.
 * @type {(size: { width: number, height: number }, box: Box, low: boolean, cost: (spot: Box) => number) => Spot}
 */
export function freeSpot({ width, height }, box, low, cost) {
  const tops = [];
  for (let top = box.top + 2; top <= box.bottom - height; top += RASTER) tops.push(top);
  if (!tops.length) tops.push(box.bottom - height);
  if (low) tops.reverse();
  /** @type {{ align: "left" | "right", left: number }[]} */
  const sides = [
    { align: "right", left: box.right - width - 8 },
    { align: "left", left: box.left + (box.left ? 8 : 0) },
  ];
  if (!box.left) sides.reverse();
  /** @type {Spot} */
  let best = null;
  for (const { align, left } of sides) {
    for (const top of tops) {
      const place = { left: Math.max(left, 0), right: Math.max(left, 0) + width, top, bottom: top + height };
      const spot = { ...place, align, cost: cost(place) };
      if (!best || spot.cost < best.cost) best = spot;
    }
  }
  return best;
}

/**
 * How many dots a label at `spot` would cover; the large ones and what is taken count for more.
 * dots: x, y, radius and pixel of each, one after the other.
 * @type {(spot: Box, dots: Float32Array, taken: Box[]) => number}
 */
export function coverage(spot, dots, taken) {
  let covered = 0;
  for (const box of taken) {
    if (spot.left < box.right && spot.right > box.left && spot.top < box.bottom && spot.bottom > box.top) covered += 15;
  }
  for (let at = 0; at < dots.length; at += 4) {
    const [x, y, reach] = [dots[at], dots[at + 1], dots[at + 2]];
    const meets = x > spot.left - reach && x < spot.right + reach && y > spot.top - reach && y < spot.bottom + reach;
    if (meets) covered += reach > DOT + 1 ? 10 : 1;
  }
  return covered;
}
