// The pair plane: one dot per pixel. To the right: how much it pulls on the target. Up: how much it pushes the others down.

import { drawAxes } from "./axes.js";
import { prepare } from "./drawing.js";
import { figureOf, midpointsOf, pointOf } from "./figure.js";
import { drawKindLegend } from "./kinds.js";
import { DOT, SKYBAND_DOT } from "./labels.js";
import { drawNames, ONE_LINE, onOneLine } from "./naming.js";
import { KINDS, kindOf, pairNumbers, revealedPicks } from "./pairs.js";
import { beatReached } from "./playing.js";
import { place, plural, slope } from "./words.js";

/** @import { Box, DrawnView, Find, Pen, Point, Recording, Step, View } from "./types.js" */
/** @import { Canvas, Figure, Mark, Scales } from "./figure.js" */

/** @typedef {Canvas & { pen: Pen, large: Set<number>, dots: Float32Array, figure: Figure, button: Box | null }} Plane */

/**
 * The points that must not fall off the edge: the shown pair, the viewer's own after the reveal, a clicked pixel's corner, or the trail at the end.
 * @type {(recording: Recording, view: View) => Point[]}
 */
function mustShow(recording, view) {
  const { k, shown } = view;
  const pixels = [shown.p, shown.q, ...(revealedPicks(view) ?? [])].filter((i) => i !== null);
  const points = pixels.map((i) => pointOf(recording, k, i));
  if (shown.how === "partner") return [...points, [-points[0][0], -points[0][1]]];
  return recording.steps[k].pair ? points : midpointsOf(recording);
}

/**
 * Return what maps pull and push to the canvas, chosen so that the good corner has most of the room.
 * @type {(recording: Recording, view: View, width: number, height: number) => Scales}
 */
function planeScales(recording, view, width, height) {
  const steps = view.scope === "trace" ? recording.steps.map((_, at) => at) : [view.k];
  let [farthestPull, farthestPush] = [0, 0];
  for (const at of steps) {
    for (let i = 0; i < recording.pixels; i++) {
      if (!recording.inDomain(at, i)) continue;
      farthestPull = Math.max(farthestPull, recording.pull(at, i));
      farthestPush = Math.max(farthestPush, recording.push(at, i));
    }
  }
  const shown = mustShow(recording, view);
  const [pulls, pushes] = [0, 1].map((axis) => shown.map((point) => point[axis]));
  const largest = Math.max(farthestPull, farthestPush) || 1;
  const right = 1.15 * Math.max(farthestPull, 0.2 * largest, ...pulls);
  const top = Math.max(1.3 * Math.max(farthestPush, 0.2 * largest), 1.15 * Math.max(0, ...pushes));
  const left = Math.min(-0.5 * right, ...pulls.map((pull) => 1.1 * pull));
  const bottom = Math.min(-0.4 * top, ...pushes.map((push) => 1.1 * push));
  const margin = { top: 22, bottom: 22 };
  const inner = height - margin.top - margin.bottom;
  return {
    left,
    right,
    bottom,
    top,
    margin,
    x: (pull) => ((pull - left) / (right - left)) * width,
    y: (push) => margin.top + ((top - push) / (top - bottom)) * inner,
    holds: (pull, push) => pull >= left && pull <= right && push >= bottom && push <= top,
  };
}

/** @type {(find: Find) => DrawnView & { measure(): void, pixelAt(recording: Recording, k: number, x: number, y: number): number | null }} */
export function createPlane(find) {
  const canvas = find(".plane");
  /** @type {Scales} */
  let scales = null;
  /** @type {Box | null} */
  let button = null; // which lies over the plane
  return {
    measure() {
      const { offsetLeft: left, offsetTop: top, offsetWidth, offsetHeight } = find(".kinds");
      button = offsetWidth ? { left, right: left + offsetWidth, top, bottom: top + offsetHeight } : null;
    },
    /** The pixel whose dot lies nearest to a point of the canvas, or null when none is near. */
    pixelAt(recording, k, x, y) {
      /** @type {number | null} */
      let nearest = null;
      let distance = 14;
      for (let i = 0; i < recording.pixels; i++) {
        if (!recording.inDomain(k, i)) continue;
        const away = Math.hypot(scales.x(recording.pull(k, i)) - x, scales.y(recording.push(k, i)) - y);
        if (away < distance) [nearest, distance] = [i, away];
      }
      return nearest;
    },
    draw(recording, view) {
      const { pen, width, height } = prepare(canvas);
      scales = planeScales(recording, view, width, height);
      const step = recording.steps[view.k];
      const drawn = { ...view, pen, width, height, scales, recording, step, button };
      const large = new Set(step.pair && view.shown.how === "chosen" && beatReached(view, 2, 1) ? step.skyband : []);
      const plane = { ...drawn, large, dots: listDots(drawn, large), figure: figureOf(drawn) };
      drawAxes(plane);
      drawAreas(plane);
      drawDots(plane);
      drawNames(plane);
      drawFigure(plane);
      if (view.pixel !== null) drawPointed(plane);
      canvas.setAttribute("aria-label", planeInWords(plane));
      find(".saliency-caption").textContent = saliencyCaption(recording, step, view);
      drawKindLegend(find(".kind-legend"), recording, view);
    },
  };
}

/**
 * Where the dots within the edges lie: x, y, radius and pixel, one after the other.
 * @type {(canvas: Canvas, large: Set<number>) => Float32Array}
 */
function listDots({ scales, recording, k }, large) {
  const dots = [];
  for (let i = 0; i < recording.pixels; i++) {
    if (!recording.inDomain(k, i)) continue;
    const [pull, push] = pointOf(recording, k, i);
    if (scales.holds(pull, push)) dots.push(scales.x(pull), scales.y(push), large.has(i) ? SKYBAND_DOT : DOT, i);
  }
  return Float32Array.from(dots);
}

/**
 * Draw a dot for every pixel that can still change; the skyband's are large. In slow motion they glide to their places.
 * @type {(plane: Plane) => void}
 */
function drawDots(plane) {
  const { pen, dots, recording, k, colours, kinds } = plane;
  const groups = new Map(); // one path a colour and size, since filling each dot by itself is slow
  for (let at = 0; at < dots.length; at += 4) {
    const large = dots[at + 2] > DOT + 1;
    const colour = kinds ? colours[KINDS[kindOf(recording, k, dots[at + 3])].colour] : large ? colours.ink : colours.dot;
    const name = `${large} ${colour}`;
    if (!groups.has(name)) groups.set(name, { large, colour, path: new Path2D() });
    const [x, y] = whereDrawn(plane, at);
    const { path } = groups.get(name);
    path.moveTo(x + dots[at + 2], y);
    path.arc(x, y, dots[at + 2], 0, 2 * Math.PI);
  }
  for (const { large, colour, path } of [...groups.values()].sort((one, other) => one.large - other.large)) {
    pen.globalAlpha = large ? 1 : 0.75;
    pen.fillStyle = colour;
    pen.fill(path);
  }
  pen.globalAlpha = 1;
}

/** Where a dot stands, or while it glides there from the step before, where it is. @type {(plane: Plane, at: number) => Point} */
function whereDrawn({ dots, scales, recording, k, phase }, at) {
  const [x, y] = [dots[at], dots[at + 1]];
  if (phase?.part !== 2 || k === 0 || recording.steps[k - 1].sign !== recording.steps[k].sign) return [x, y];
  const left = 1 - easeOut(Math.min(1, phase.share / 0.4));
  const [pull, push] = pointOf(recording, k - 1, dots[at + 3]);
  return [x + left * (scales.x(pull) - x), y + left * (scales.y(push) - y)];
}

/** @type {(share: number) => number} */
const easeOut = (share) => 1 - (1 - share) ** 3;

/** Under the dots: where a partner must lie, and the rectangles of two pairs. @type {(plane: Plane) => void} */
function drawAreas({ pen, colours, figure }) {
  if (figure.corner) fillBox(pen, figure.corner, colours.q, 0.08);
  for (const { left, right, top, bottom, mine } of figure.areas) {
    if (!mine) fillBox(pen, { left, right, top, bottom }, colours.target, 0.12);
    pen.lineWidth = 1.5;
    pen.strokeStyle = mine ? colours.ink2 : colours.target;
    pen.setLineDash(mine ? [4, 3] : []);
    pen.strokeRect(left, top, right - left, bottom - top);
    pen.setLineDash([]);
  }
}

/** Over the dots: lines, midpoints, marks. @type {(plane: Plane) => void} */
function drawFigure(plane) {
  const { pen, width, height, scales, colours, figure } = plane;
  const { margin } = scales;
  pen.save();
  pen.beginPath();
  pen.rect(0, margin.top, width, height - margin.top - margin.bottom);
  pen.clip();
  for (const line of figure.lines) strokePath(pen, line.points, colours[line.colour], line.width, line.dashes);
  pen.restore();
  drawTrail(plane);
  for (const middle of figure.midpoints) diamond(pen, middle, 6, colours.paper, colours.ink);
  for (const mark of figure.marks) drawMark(plane, mark);
}

/** @type {(pen: Pen, box: Box, colour: string, share: number) => void} */
function fillBox(pen, { left, right, top, bottom }, colour, share) {
  pen.globalAlpha = share;
  pen.fillStyle = colour;
  pen.fillRect(left, top, right - left, bottom - top);
  pen.globalAlpha = 1;
}

/** @type {(pen: Pen, points: Point[], colour: string, width: number, dashes: number[]) => void} */
function strokePath(pen, points, colour, width, dashes) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dashes);
  pen.beginPath();
  for (const point of points) pen.lineTo(...point);
  pen.stroke();
  pen.setLineDash([]);
}

/** A disc for p and a square for q; the viewer's own are dashed. @type {(plane: Plane, mark: Mark) => void} */
function drawMark({ pen, colours }, { name, at: [x, y], radius, mine }) {
  pen.beginPath();
  if (name === "p") pen.arc(x, y, radius, 0, 2 * Math.PI);
  else pen.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  pen.lineWidth = mine ? 2 : 3;
  pen.strokeStyle = mine ? colours[name] : colours.paper;
  pen.setLineDash(mine ? [4, 3] : []);
  pen.stroke();
  pen.setLineDash([]);
  if (mine) return;
  pen.fillStyle = colours[name];
  pen.fill();
}

/** @type {(pen: Pen, at: Point, radius: number, fill: string, stroke: string) => void} */
function diamond(pen, [x, y], radius, fill, stroke) {
  pen.beginPath();
  pen.moveTo(x, y - radius);
  pen.lineTo(x + radius, y);
  pen.lineTo(x, y + radius);
  pen.lineTo(x - radius, y);
  pen.closePath();
  pen.fillStyle = fill;
  pen.fill();
  pen.lineWidth = 1.6;
  pen.strokeStyle = stroke;
  pen.stroke();
}

/** At the end: the midpoints of all pairs that were chosen, from the first to the last. @type {(plane: Plane) => void} */
function drawTrail({ pen, colours, figure: { trail } }) {
  pen.globalAlpha = 0.6;
  strokePath(pen, trail, colours.target, 1, []);
  trail.forEach((point, at) => {
    pen.globalAlpha = 0.4 + (0.6 * at) / Math.max(1, trail.length - 1);
    diamond(pen, point, 4.5, colours.target, colours.target);
  });
  pen.globalAlpha = 1;
}

/** @type {(plane: Plane) => void} */
function drawPointed({ pen, scales, recording, k, pixel, colours }) {
  const [pull, push] = pointOf(recording, k, pixel);
  if (!scales.holds(pull, push)) return;
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(scales.x(pull), scales.y(push), 8, 0, 2 * Math.PI);
  pen.stroke();
}

/** @type {(recording: Recording, step: Step, view: View) => string} */
function saliencyCaption(recording, step, { shown, layout }) {
  const { target } = recording;
  if (shown.how === "partner") return "Every pixel as a partner for the one you clicked. Click another, or close.";
  if (step.stop) {
    const why = step.stop === "REACHED_TARGET" ? "No pair is needed any more." : "No pair is chosen any more.";
    return recording.last ? `${why} Diamonds: the ${plural(recording.last, "pair")} chosen, from first to last.` : why;
  }
  if (shown.how === "picked") return "Your turn: pick two pixels in the picture, in a map or here. The best pair stays hidden.";
  const rule = `The best pair pulls the ${target} up and pushes the others down${layout === "projector" ? "" : ", both at once"}.`;
  return layout === "projector" ? rule : `One dot per pixel. ${rule}`;
}

/** @type {(plane: Plane) => string} */
function planeInWords(plane) {
  const { recording, k, step, shown } = plane;
  const caption = saliencyCaption(recording, step, plane) + (onOneLine(recording, k) ? ` ${ONE_LINE}.` : "");
  if (shown.p === null || shown.q === null) return `The pair plane. ${caption}`;
  const [p, q] = [shown.p, shown.q].map((i) => place(recording, i));
  const { score } = pairNumbers(recording, k, shown.p, shown.q);
  const skyband = shown.how === "chosen" ? `${recording.steps[k].skyband.length} pixels are in the skyband. ` : "";
  return `The pair plane: pull on the ${recording.target} against push on the others. p at ${p}, q at ${q}, score ${slope(score)}. ${skyband}${caption}`;
}
