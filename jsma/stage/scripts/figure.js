// What is drawn in the plane over the dots: the marks of pixels, lines, curves, midpoints and rectangles, where they lie on the canvas.

import { clamp } from "./drawing.js";
import { pairNumbers, revealedPicks } from "./pairs.js";
import { beatReached } from "./playing.js";

/** @import { Box, Point, Recording, Segment, Step, View } from "./types.js" */

/**
 * @typedef {object} Scales what maps pull and push to the canvas, and the pulls and pushes at its edges
 * @property {number} left
 * @property {number} right
 * @property {number} bottom
 * @property {number} top
 * @property {{ top: number, bottom: number }} margin
 * @property {(pull: number) => number} x
 * @property {(push: number) => number} y
 * @property {(pull: number, push: number) => boolean} holds
 */
/** @typedef {View & { width: number, height: number, scales: Scales, recording: Recording, step: Step }} Canvas */
/** @typedef {"p" | "q" | "target" | "ink"} ColourName */
/** @typedef {{ name: "p" | "q", at: Point, radius: number, mine: boolean }} Mark a disc for p, a square for q, in the order in which they are drawn */
/** @typedef {{ points: Point[], colour: ColourName, width: number, dashes: number[] }} Polyline */
/** @typedef {Box & { mine: boolean }} Area from the origin to a midpoint: a quarter of the pair's score */
/** @typedef {{ marks: Mark[], lines: Polyline[], midpoints: Point[], areas: Area[], trail: Point[], corner: Box | null }} Figure corner: where a partner must lie */

const CURVE_STEP = 3; // a curve is drawn in pieces so wide
const DISC = 8.5;
const SMALL_DISC = 5.5;
const SQUARE = 8;
const MIDPOINT = 6;

/** Pull and push of a pixel at step k: where its dot stands. @type {(recording: Recording, k: number, i: number) => Point} */
export const pointOf = (recording, k, i) => [recording.pull(k, i), recording.push(k, i)];

/** Where a point of the plane lies on the canvas. @type {(scales: Scales, point: Point) => Point} */
const onCanvas = (scales, [pull, push]) => [scales.x(pull), scales.y(push)];

/** @type {(pair: Point[]) => Point} */
const midpointOf = ([p, q]) => [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];

/**
 * The midpoints of all pairs chosen in this attack; a pair's score is four times the product of the two.
 * @type {(recording: Recording) => Point[]}
 */
export function midpointsOf(recording) {
  const chosen = recording.steps.filter((step) => step.pair);
  return chosen.map(({ sign, pair }) => [(sign * pair.alpha) / 2, (-sign * pair.beta) / 2]);
}

/** The figure at the viewer's step. @type {(canvas: Canvas) => Figure} */
export function figureOf(canvas) {
  const { recording, step, shown, scales } = canvas;
  const figure = { marks: [], lines: [], midpoints: [], areas: [], trail: [], corner: null };
  if (shown.how === "partner") addCorner(figure, canvas);
  if (shown.p !== null) addPair(figure, canvas, [shown.p, shown.q]);
  else if (!step.pair) figure.trail = midpointsOf(recording).map((point) => onCanvas(scales, point));
  const mine = revealedPicks(canvas);
  if (mine) addMine(figure, canvas, mine);
  return figure;
}

/** Where a partner of the clicked pixel must lie to pass both tests. @type {(figure: Figure, canvas: Canvas) => void} */
function addCorner(figure, { recording, k, shown, scales, width }) {
  const [pull, push] = pointOf(recording, k, shown.p);
  const [x, y] = onCanvas(scales, [-pull, -push]);
  const { top } = scales.margin;
  const corner = { left: clamp(x, 0, width), right: width, top, bottom: Math.max(y, top) };
  figure.corner = corner;
  /** @type {Point[]} */
  const edge = [
    [corner.left, top],
    [corner.left, corner.bottom],
    [width, corner.bottom],
  ];
  figure.lines.push({ points: edge, colour: "q", width: 1.5, dashes: [4, 3] });
}

/** p and q; if there are both, joined, with their midpoint and the curve of equal scores. @type {(figure: Figure, canvas: Canvas, pair: (number | null)[]) => void} */
function addPair(figure, canvas, pair) {
  const { recording, k, scales, shown } = canvas;
  const points = pair.filter((i) => i !== null).map((i) => pointOf(recording, k, i));
  const [p, q] = points.map((point) => onCanvas(scales, point));
  const apart = q ? Math.hypot(p[0] - q[0], p[1] - q[1]) : Infinity;
  const touching = apart < DISC + SQUARE * Math.SQRT2; // then p is smaller than q and lies on it, so that both are seen
  figure.marks.push({ name: "p", at: p, radius: touching ? SMALL_DISC : DISC, mine: false });
  if (!q) return;
  figure.marks.unshift({ name: "q", at: q, radius: SQUARE, mine: false });
  if (!beatReached(canvas, 2, 3)) return;
  figure.lines.push(...curveOfEqualScores(canvas, points));
  figure.lines.push({ points: [p, q], colour: "ink", width: 2, dashes: shown.how === "partner" ? [4, 3] : [] });
  if (apart > 2 * (DISC + MIDPOINT)) figure.midpoints.push(onCanvas(scales, midpointOf(points)));
}

/**
 * The curve of equal scores. For a pair, of all midpoints with its score; for a clicked pixel, of all partners as good as the
 * best. A pair that is not admissible has none.
 * @type {(canvas: Canvas, points: Point[]) => Polyline[]}
 */
function curveOfEqualScores({ recording, k, shown, scales, width }, [p, q]) {
  const dashes = shown.how === "picked" ? [6, 4] : [];
  if (shown.how === "partner") {
    const best = (p[0] + q[0]) * (p[1] + q[1]);
    const points = curvePoints(scales, width, -p[0], (pull) => best / (pull + p[0]) - p[1]);
    return [{ points, colour: "q", width: 2, dashes }];
  }
  if (!pairNumbers(recording, k, shown.p, shown.q).admissible) return [];
  const middle = midpointOf([p, q]);
  return [{ points: curvePoints(scales, width, 0, (pull) => (middle[0] * middle[1]) / pull), colour: "target", width: 2, dashes }];
}

/** @type {(scales: Scales, width: number, from: number, push: (pull: number) => number) => Point[]} */
function curvePoints(scales, width, from, push) {
  /** @type {Point[]} */
  const points = [];
  for (let x = Math.max(0, Math.ceil(scales.x(from)) + 1); x <= width; x += CURVE_STEP) {
    points.push([x, scales.y(push(scales.left + (x / width) * (scales.right - scales.left)))]);
  }
  return points;
}

/**
 * The viewer's own pair beside the best, after the reveal, and for both the rectangles that make up their scores.
 * @type {(figure: Figure, canvas: Canvas, mine: number[]) => void}
 */
function addMine(figure, canvas, mine) {
  const { recording, k, scales, shown } = canvas;
  const best = [shown.p, shown.q];
  for (const pair of [best, mine]) {
    if (!pairNumbers(recording, k, pair[0], pair[1]).admissible) continue;
    const [right, top] = onCanvas(scales, midpointOf(pair.map((i) => pointOf(recording, k, i))));
    figure.areas.push({ left: scales.x(0), right, top, bottom: scales.y(0), mine: pair === mine });
  }
  mine.forEach((i, at) => {
    const radius = best.includes(i) ? DISC + 5 : DISC;
    const place = onCanvas(scales, pointOf(recording, k, i));
    figure.marks.push({ name: at === 0 ? "p" : "q", at: place, radius, mine: true });
  });
}

/** Boxes and lines of the figure, which no label may meet. @type {(figure: Figure) => { boxes: Box[], lines: Segment[] }} */
export function reserved({ marks, lines, midpoints, areas, trail }) {
  /** @type {(point: Point, reach: number) => Box} */
  const around = ([x, y], reach) => ({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach });
  /** @type {(points: Point[]) => Segment[]} */
  const pieces = (points) => points.slice(1).map((point, at) => [points[at], point]);
  return {
    boxes: [
      ...marks.map(({ at, radius }) => around(at, radius + 2)),
      ...midpoints.map((point) => around(point, MIDPOINT + 2)),
      ...trail.map((point) => around(point, MIDPOINT)),
    ],
    lines: [...lines.flatMap(({ points }) => pieces(points)), ...pieces(trail), ...areas.flatMap(farEdges)],
  };
}

/** The two edges of a rectangle that do not lie on the axes. @type {(area: Area) => Segment[]} */
function farEdges({ left, right, top, bottom }) {
  return [
    [
      [left, top],
      [right, top],
    ],
    [
      [right, top],
      [right, bottom],
    ],
  ];
}
