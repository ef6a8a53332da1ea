// Where labels stand: none meets another label, a mark or a line; of the places that are left, the one that covers the fewest dots.

import { clamp } from "./drawing.js";

/** @import { Box, Point, Segment } from "./types.js" */

/** @typedef {Box & { align: CanvasTextAlign }} Spot a place for a label, and the side at which its lines of text begin */
/** @typedef {{ width: number, height: number }} Size */
/** @typedef {{ boxes: Box[], lines: Segment[] }} Obstacles what no label may meet */

export const DOT = 2.4;
export const SKYBAND_DOT = 5;
const RASTER = 6; // labels are tried at heights so far apart
const GAP = 8; // between a label and the left or right edge of its box

/** Whether two boxes share more than an edge. @type {(one: Box, other: Box) => boolean} */
export const boxesMeet = (one, other) =>
  one.left < other.right && one.right > other.left && one.top < other.bottom && one.bottom > other.top;

/** Whether a straight line passes through a box. @type {(box: Box, line: Segment) => boolean} */
export function lineMeets(box, [[fromX, fromY], [toX, toY]]) {
  let [enters, leaves] = [0, 1]; // as shares of the line
  for (const [from, along, lowest, highest] of [
    [fromX, toX - fromX, box.left, box.right],
    [fromY, toY - fromY, box.top, box.bottom],
  ]) {
    if (along === 0) {
      if (from <= lowest || from >= highest) return false;
      continue;
    }
    const [one, other] = [(lowest - from) / along, (highest - from) / along];
    enters = Math.max(enters, Math.min(one, other));
    leaves = Math.min(leaves, Math.max(one, other));
  }
  return enters < leaves;
}

/**
 * Return the spot that meets no obstacle and covers the fewest dots, the first of equals; null where every spot meets one.
 * dots: x, y, radius and pixel of each, one after the other.
 * @type {<T extends Box>(spots: T[], obstacles: Obstacles, dots: Float32Array) => T | null}
 */
export function freeSpot(spots, { boxes, lines }, dots) {
  let [best, fewest] = [null, Infinity];
  for (const spot of spots) {
    if (boxes.some((box) => boxesMeet(spot, box)) || lines.some((line) => lineMeets(spot, line))) continue;
    const covered = dotsCovered(spot, dots);
    if (covered < fewest) [best, fewest] = [spot, covered];
    if (!fewest) break;
  }
  return best;
}

/** @type {(spot: Box, dots: Float32Array) => number} */
export function dotsCovered({ left, right, top, bottom }, dots) {
  let covered = 0;
  for (let at = 0; at < dots.length; at += 4) {
    const [x, y, reach] = [dots[at], dots[at + 1], dots[at + 2]];
    if (x > left - reach && x < right + reach && y > top - reach && y < bottom + reach) covered++;
  }
  return covered;
}

/**
 * Return the spots for a label within a box: at the right, at the left, or in the middle, at any height; `low` puts the lowest first.
 * There is none for a label that is larger than the box.
 * @type {(size: Size, box: Box, low?: boolean) => Spot[]}
 */
export function spotsWithin({ width, height }, box, low = false) {
  const tops = [];
  for (let top = box.top + 2; top + height <= box.bottom; top += RASTER) tops.push(top);
  if (low) tops.reverse();
  const margin = box.left ? GAP : 0; // at the canvas's own edge a label begins at once
  /** @type {{ align: CanvasTextAlign, left: number }[]} */
  const sides = [
    { align: "right", left: box.right - width - GAP },
    { align: "left", left: box.left + margin },
  ];
  if (!box.left) sides.reverse();
  sides.push({ align: "left", left: (box.left + box.right - width) / 2 });
  const fitting = sides.filter(({ left }) => left >= box.left && left + width <= box.right);
  return fitting.flatMap(({ align, left }) => tops.map((top) => ({ align, left, right: left + width, top, bottom: top + height })));
}

/** @type {Point[]} */
const DIRECTIONS = [-1, 0, 1].flatMap((x) => [-1, 0, 1].map((y) => /** @type {Point} */ ([x, y]))).filter(([x, y]) => x || y);

/**
 * Return the spots for a label beside a point, `reach` away from it, then twice and three times as far, moved into `bounds`;
 * those that lie in the direction `towards` come first. None comes nearer to the point than three quarters of `reach`.
 * @type {(size: Size, point: Point, reach: number, bounds: Box, towards: Point) => Spot[]}
 */
export function spotsAround({ width, height }, [x, y], reach, bounds, towards) {
  /** @type {(direction: Point) => number} */
  const turned = ([dx, dy]) => (dx * towards[0] + dy * towards[1]) / Math.hypot(dx, dy);
  const directions = [...DIRECTIONS].sort((one, other) => turned(other) - turned(one));
  /** @type {(direction: number, at: number, extent: number, away: number) => number} */
  const begin = (direction, at, extent, away) => (direction === 0 ? at - extent / 2 : direction > 0 ? at + away : at - away - extent);
  const near = 0.75 * reach;
  const middle = { left: x - near, right: x + near, top: y - near, bottom: y + near };
  const spots = [reach, 2 * reach, 3 * reach].flatMap((away) =>
    directions.map(([dx, dy]) => {
      const aside = dx && dy ? 0.75 * away : away;
      const left = clamp(begin(dx, x, width, aside), bounds.left, bounds.right - width);
      const top = clamp(begin(dy, y, height, aside), bounds.top, bounds.bottom - height);
      return { align: /** @type {CanvasTextAlign} */ ("center"), left, right: left + width, top, bottom: top + height };
    }),
  );
  return spots.filter((spot) => spot.right <= bounds.right && spot.bottom <= bounds.bottom && !boxesMeet(spot, middle));
}

/**
 * Break a text into so many lines that the widest is as narrow as can be; fewer lines where it has fewer words.
 * @type {(text: string, count: number, widthOf: (text: string) => number) => string[]}
 */
export function balanced(text, count, widthOf) {
  const words = text.split(" ");
  if (count === 1 || words.length === 1) return [text];
  const breaks = words.slice(1).map((_, at) => at + 1);
  const tries = breaks.map((at) => [words.slice(0, at).join(" "), ...balanced(words.slice(at).join(" "), count - 1, widthOf)]);
  /** @type {(lines: string[]) => number} */
  const widest = (lines) => Math.max(...lines.map(widthOf));
  return tries.reduce((best, lines) => (widest(lines) < widest(best) ? lines : best));
}
