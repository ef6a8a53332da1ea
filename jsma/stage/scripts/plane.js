// The pair plane: one dot per pixel. To the right: how much it pulls on the target. Up: how much it pushes the others down.

import { clamp, PQ, prepare, setFont, setHtml, write } from "./drawing.js";
import { coverage, DOT, freeSpot, SKYBAND_DOT } from "./labels.js";
import { KINDS, kindOf, pairNumbers } from "./pairs.js";
import { beatReached } from "./playing.js";
import { number, place, plural, powerOfTen, slope } from "./words.js";

/** @import { Kind } from "./pairs.js" */
/** @import { Box, DrawnView, Find, Pen, Point, Recording, Shown, Step, TextStyle, View } from "./types.js" */

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
/** @typedef {View & { pen: Pen, width: number, height: number, scales: Scales, recording: Recording, step: Step }} Canvas */
/** @typedef {Canvas & { revealing: boolean, large: Set<number>, dots: Float32Array }} Plane */
/** @typedef {TextStyle & { text: string }} Line */
/** @typedef {{ push(pull: number): number, from: number, colour: string, dashed: boolean }} Curve */

/** Pull and push of a pixel at step k: where its dot stands. @type {(recording: Recording, k: number, i: number) => Point} */
const pointOf = (recording, k, i) => [recording.pull(k, i), recording.push(k, i)];

/** Where a point of the plane lies on the canvas. @type {(scales: Scales, point: Point) => Point} */
const onCanvas = (scales, [pull, push]) => [scales.x(pull), scales.y(push)];

/** @type {(pair: Point[]) => Point} */
const midpointOf = ([p, q]) => [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];

/**
 * The midpoints of all pairs chosen in this attack; a pair's score is four times the product of the two.
 * @type {(recording: Recording) => Point[]}
 */
function midpoints(recording) {
  const chosen = recording.steps.filter((step) => step.pair);
  return chosen.map(({ sign, pair }) => [(sign * pair.alpha) / 2, (-sign * pair.beta) / 2]);
}

/**
 * The points that must not fall off the edge: the shown pair, a clicked pixel's corner, or the trail at the end.
 * @type {(recording: Recording, view: View) => Point[]}
 */
function mustShow(recording, { k, shown }) {
  const points = [shown.p, shown.q].filter((i) => i !== null).map((i) => pointOf(recording, k, i));
  if (shown.how === "partner") return [...points, [-points[0][0], -points[0][1]]];
  return recording.steps[k].pair ? points : midpoints(recording);
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

/** @type {(find: Find) => DrawnView & { pixelAt(recording: Recording, k: number, x: number, y: number): number | null }} */
export function createPlane(find) {
  const canvas = find(".plane");
  /** @type {Scales} */
  let scales = null;
  return {
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
      const canvasOfStep = { pen, width, height, scales, recording, step, ...view };
      const revealing = step.pair !== null && view.shown.how === "chosen";
      const large = new Set(revealing && beatReached(view, 2, 1) ? step.skyband : []);
      const plane = { ...canvasOfStep, revealing, large, dots: listDots(canvasOfStep, large) };
      drawGround(plane);
      if (view.shown.how === "partner") drawCorner(plane);
      drawDots(plane);
      drawNames(plane);
      if (view.shown.p !== null) drawPair(plane);
      else if (!step.pair) drawTrail(plane);
      if (view.pixel !== null) drawPointed(plane);
      canvas.setAttribute("aria-label", planeInWords(plane));
      find(".saliency-caption").textContent = saliencyCaption(recording, step, view);
      drawKindLegend(find(".kind-legend"), recording, view);
    },
  };
}

/** @type {(plane: Plane) => void} */
function drawGround({ pen, width, height, scales, colours }) {
  const [originX, originY] = [scales.x(0), scales.y(0)];
  const { margin } = scales;
  pen.fillStyle = colours.soft;
  pen.fillRect(originX, margin.top, width - originX, originY - margin.top);
  pen.strokeStyle = colours.ink3;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(0, originY);
  pen.lineTo(width, originY);
  pen.moveTo(originX, margin.top);
  pen.lineTo(originX, height - margin.bottom);
  pen.stroke();
  const style = { size: colours.size.t1, font: colours.font, colour: colours.ink3 };
  for (const tick of ticks(scales.left, scales.right)) {
    const x = scales.x(tick);
    if (x < 14 || x > width - 20) continue;
    pen.strokeRect(x, originY, 0, 4);
    write(pen, shortTick(tick), x, originY + 16, { ...style, align: "center" });
  }
  for (const tick of ticks(scales.bottom, scales.top)) {
    const y = scales.y(tick);
    if (y < margin.top + 14 || y > height - margin.bottom - 8) continue;
    pen.strokeRect(originX - 4, y, 4, 0);
    write(pen, shortTick(tick), originX - 7, y + 4, { ...style, align: "right" });
  }
}

/** Two or three round numbers on each side of zero, zero itself left out. @type {(from: number, to: number) => number[]} */
function ticks(from, to) {
  const rough = (to - from) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const spacing = [1, 2, 5, 10].map((factor) => factor * unit).find((candidate) => candidate >= rough);
  const found = [];
  for (let at = Math.ceil(from / spacing); at * spacing <= to; at++) if (at) found.push(at * spacing);
  return found;
}

/** @type {(value: number) => string} */
function shortTick(value) {
  if (Math.abs(value) < 0.01) return `${value < 0 ? "−" : ""}${powerOfTen(value)}`.replace(".0·", "·");
  return number(value, Math.abs(value) < 0.1 ? 2 : 1).replace(/\.0$/, "");
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

/** Where a partner of the clicked pixel must lie to pass both tests. @type {(plane: Plane) => void} */
function drawCorner({ pen, width, scales, recording, k, shown, colours }) {
  const [pull, push] = pointOf(recording, k, shown.p);
  const [x, y] = [clamp(scales.x(-pull), 0, width), clamp(scales.y(-push), scales.margin.top, Infinity)];
  pen.globalAlpha = 0.08;
  pen.fillStyle = colours.q;
  pen.fillRect(x, scales.margin.top, width - x, y - scales.margin.top);
  pen.globalAlpha = 1;
  pen.strokeStyle = colours.q;
  pen.lineWidth = 1.5;
  pen.setLineDash([4, 3]);
  pen.beginPath();
  pen.moveTo(x, scales.margin.top);
  pen.lineTo(x, y);
  pen.lineTo(width, y);
  pen.stroke();
  pen.setLineDash([]);
}

/** The shown pixels; if there are two, joined, with their midpoint and the curve of equal scores. @type {(plane: Plane) => void} */
function drawPair(plane) {
  const { pen, width, height, scales, recording, k, colours, shown } = plane;
  const points = [shown.p, shown.q].filter((i) => i !== null).map((i) => pointOf(recording, k, i));
  const [p, q] = points.map((point) => onCanvas(scales, point));
  if (q && beatReached(plane, 2, 3)) {
    drawCurve(plane, curveOf(plane, points));
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 2;
    pen.setLineDash(shown.how === "partner" ? [4, 3] : []);
    pen.beginPath();
    pen.moveTo(...p);
    pen.lineTo(...q);
    pen.stroke();
    pen.setLineDash([]);
    diamond(pen, onCanvas(scales, midpointOf(points)), 6, colours.paper, colours.ink);
  }
  pen.fillStyle = colours.p;
  pen.beginPath();
  pen.arc(...p, 8.5, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = colours.q;
  if (q) pen.fillRect(q[0] - 8, q[1] - 8, 16, 16);
  // Names stand on the far side of each dot from the other, so that they never meet.
  const away = q ? Math.atan2(p[1] - q[1], p[0] - q[0]) : -2.4;
  for (const { name, at, angle } of [
    { name: PQ[0], at: p, angle: away },
    { name: PQ[1], at: q, angle: away + Math.PI },
  ]) {
    if (!at) continue;
    const [x, y] = [at[0] + 20 * Math.cos(angle), at[1] + 20 * Math.sin(angle) + 6];
    write(pen, name, clamp(x, 8, width - 8), clamp(y, scales.margin.top + 12, height - 24), {
      size: 18,
      weight: 700,
      colour: colours[name],
      font: colours.font,
      halo: colours.paper,
      align: "center",
    });
  }
}

/**
 * The curve of equal scores: push as a function of pull, and its colour. For a pair, of all midpoints with its score;
 * for a clicked pixel, of all partners as good as the best.
 * @type {(plane: Plane, points: Point[]) => Curve}
 */
function curveOf({ recording, k, shown, colours }, points) {
  if (shown.how === "partner") {
    const [p, q] = points;
    const best = (p[0] + q[0]) * (p[1] + q[1]);
    return { push: (pull) => best / (pull + p[0]) - p[1], from: -p[0], colour: colours.q, dashed: false };
  }
  const middle = midpointOf(points);
  const { admissible } = pairNumbers(recording, k, shown.p, shown.q);
  return {
    push: (pull) => (middle[0] * middle[1]) / pull,
    from: admissible ? 0 : Infinity,
    colour: colours.target,
    dashed: shown.how === "picked",
  };
}

/** @type {(plane: Plane, curve: Curve) => void} */
function drawCurve({ pen, width, height, scales }, { push, from, colour, dashed }) {
  pen.save();
  pen.beginPath();
  pen.rect(0, scales.margin.top, width, height - scales.margin.top - scales.margin.bottom);
  pen.clip();
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.setLineDash(dashed ? [6, 4] : []);
  pen.beginPath();
  for (let x = Math.max(0, Math.ceil(scales.x(from)) + 1); x <= width; x += 2) {
    pen.lineTo(x, scales.y(push(scales.left + (x / width) * (scales.right - scales.left))));
  }
  pen.stroke();
  pen.restore();
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
function drawTrail({ pen, scales, recording, colours }) {
  const trail = midpoints(recording).map((point) => onCanvas(scales, point));
  pen.strokeStyle = colours.target;
  pen.globalAlpha = 0.6;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const point of trail) pen.lineTo(...point);
  pen.stroke();
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

/** The names of axes, corners and marks. @type {(plane: Plane) => void} */
function drawNames(plane) {
  const { pen, width, height, scales, recording, colours, step, shown } = plane;
  const { target } = recording;
  const brighter = step.sign > 0;
  const style = { size: colours.size.t1, font: colours.font, colour: colours.ink2, halo: colours.paper };
  const axis = { ...style, colour: colours.ink, halo: null };
  const [originX, originY] = [scales.x(0), scales.y(0)];
  const foot = height - scales.margin.bottom;
  const outside = step.counts.pixels - plane.dots.length / 4;
  write(pen, `${brighter ? "−b" : "b"}  push on the others ↑`, clamp(originX, 66, Math.max(66, width - 190)), 14, {
    ...axis,
    align: "center",
  });
  write(pen, `${brighter ? "a" : "−a"}  pull on the ${target} →`, width, height - 6, { ...axis, align: "right" });
  if (outside) write(pen, `↙ ${outside} more pixels further out`, 0, height - 6, { ...axis, colour: colours.ink3 });

  const good = { ...style, colour: colours.target, weight: 600, halo: colours.soft };
  const taken = placesTaken(plane);
  /** @type {(lines: Line[], box: Box, low?: boolean) => number} */
  const put = (lines, box, low = false) => taken.push(writeWhereFree(plane, lines, taken, box, low));
  const upper = { top: scales.margin.top, bottom: originY };
  const lower = { top: originY + 18, bottom: foot };
  const goodCorner = { ...upper, left: originX, right: width };
  const notes = notesOnPair(plane, good);
  if (notes.length) put(notes, goodCorner);
  if (shown.how === "partner") return;
  const named = (texts, look) => texts.map((text) => ({ ...look, text }));
  put(named([`pulls the ${target} up,`, "pushes the others down"], good), goodCorner, true);
  put(named(["pushes the others", `down, but the ${target} too`], style), { ...upper, left: 0, right: originX });
  put(named([`pushes the ${target} down,`, "lifts the others"], style), { ...lower, left: 0, right: originX }, true);
  put(named([`lifts the ${target},`, "but the others too"], style), { ...lower, left: originX, right: width }, true);
}

/** What is said of the shown pair within the plane. @type {(plane: Plane, good: TextStyle) => Line[]} */
function notesOnPair({ recording, k, colours, step, shown, large }, good) {
  const winners = { ...good, weight: 400, colour: colours.ink, text: `only the ${step.skyband.length} large dots can win` };
  if (shown.p === null || shown.q === null) return [];
  const { admissible, score } = pairNumbers(recording, k, shown.p, shown.q);
  if (shown.how === "partner") {
    const corner = { ...good, colour: colours.q, weight: 400, text: "a partner must lie inside the dashed corner" };
    return [{ ...good, colour: colours.q, text: `${slope(score)} on the curve` }, corner];
  }
  const along = admissible ? [{ ...good, text: `score ${slope(score)} along the curve` }] : [];
  return large.size ? [winners, ...along] : along;
}

/**
 * Boxes that no label may cover: the shown dots with their letters and the line between them, the curve, or the trail.
 * @type {(plane: Plane) => Box[]}
 */
function placesTaken(plane) {
  const { scales, recording, k, shown, step } = plane;
  /** @type {(point: Point, reach: number) => Box} */
  const around = (point, reach) => {
    const [x, y] = onCanvas(scales, point);
    return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach };
  };
  if (shown.p === null) return step.pair ? [] : midpoints(recording).map((point) => around(point, 6));
  const points = [shown.p, shown.q].filter((i) => i !== null).map((i) => pointOf(recording, k, i));
  const boxes = points.map((point) => around(point, 26));
  if (points.length < 2) return boxes;
  const [p, q] = points;
  /** @type {(share: number) => Point} */
  const between = (share) => [p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])];
  const { push, from } = curveOf(plane, points);
  for (let at = 1; at < 10; at++) boxes.push(around(between(at / 10), 8));
  for (let at = 1; at <= 24; at++) {
    const pull = (at / 24) * scales.right;
    if (pull > from) boxes.push(around([pull, push(pull)], 6));
  }
  return boxes;
}

/**
 * Write a block of lines inside `box`, where it covers the least; return the place it took.
 * @type {(plane: Plane, lines: Line[], taken: Box[], box: Box, low: boolean) => Box}
 */
function writeWhereFree({ pen, dots }, lines, taken, box, low) {
  const lineHeight = lines[0].size + 4;
  const size = { width: Math.max(...lines.map((line) => widthOf(pen, line))), height: lines.length * lineHeight + 4 };
  const best = freeSpot(size, box, low, (spot) => coverage(spot, dots, taken));
  pen.globalAlpha = 0.75; // paper behind the words: quicker to draw than a halo around every letter
  pen.fillStyle = lines[0].halo;
  pen.fillRect(best.left - 2, best.top, size.width + 4, size.height);
  pen.globalAlpha = 1;
  lines.forEach((line, at) => {
    write(pen, line.text, best[best.align], best.top + (at + 1) * lineHeight - 2, { ...line, halo: null, align: best.align });
  });
  return best;
}

/** @type {(pen: Pen, line: Line) => number} */
function widthOf(pen, { text, size, font, weight = 400 }) {
  setFont(pen, `${weight} ${size}px ${font}`);
  return pen.measureText(text).width;
}

/** @type {(legend: HTMLElement, recording: Recording, view: View) => void} */
function drawKindLegend(legend, recording, { k, kinds, shown }) {
  legend.hidden = !kinds;
  if (!kinds) return;
  const counts = { both: 0, pull: 0, push: 0, neither: 0 };
  for (let i = 0; i < recording.pixels; i++) if (recording.inDomain(k, i)) counts[kindOf(recording, k, i)]++;
  const entry = ([kind, { label, colour }]) => `<span><i style="background:var(--${colour})"></i>${label}: <b>${counts[kind]}</b></span>`;
  setHtml(legend, Object.entries(KINDS).map(entry).join("") + kindsOfPair(recording, k, shown));
}

/**
 * Which kinds the shown pair combines, and how one makes up for what the other lacks.
 * @type {(recording: Recording, k: number, shown: Shown) => string}
 */
function kindsOfPair(recording, k, { p, q }) {
  if (p === null || q === null) return "";
  const name = (which) => `<b class="${which}">${which}</b>`;
  const [one, other] = [p, q].map((i) => kindOf(recording, k, i));
  const { alphaPasses, betaPasses } = pairNumbers(recording, k, p, q);
  let words;
  if (one === "both" && other === "both")
    words = `${name("p")} and ${name("q")} are each good alone; ${emphasis(recording, k, p, q, name)}`;
  else if (one === "neither" && other === "neither") words = "Neither pixel helps either way";
  else words = [weaknessOf("p", one, "q"), weaknessOf("q", other, "p")].filter(Boolean).join("; ");
  return `<span class="pair-kinds">${words}.</span>`;

  /** What a pixel lacks; nothing for one that is good alone. @type {(which: string, kind: Kind, helper: string) => string} */
  function weaknessOf(which, kind, helper) {
    if (kind === "both") return "";
    const covers = (passes, strength) => `${name(helper)}’s ${strength} ${passes ? "makes up for it" : "is too weak to make up for it"}`;
    if (kind === "pull") return `${name(which)} lifts the others, too; ${covers(betaPasses, "push")}`;
    if (kind === "push") return `${name(which)} pushes the target down, too; ${covers(alphaPasses, "pull")}`;
    return `${name(which)} helps neither way; ${name(helper)} has to make up for it`;
  }
}

/** @type {(recording: Recording, k: number, p: number, q: number, name: (which: string) => string) => string} */
function emphasis(recording, k, p, q, name) {
  const [pull, push] = [recording.pull(k, p) - recording.pull(k, q), recording.push(k, p) - recording.push(k, q)];
  if (pull * push > 0) return `${name(pull > 0 ? "p" : "q")} is the better one both ways`;
  return `${name(pull > 0 ? "p" : "q")} does more for the target, ${name(pull > 0 ? "q" : "p")} more against the others`;
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
  const caption = saliencyCaption(recording, step, plane);
  if (shown.p === null || shown.q === null) return `The pair plane. ${caption}`;
  const [p, q] = [shown.p, shown.q].map((i) => place(recording, i));
  const { score } = pairNumbers(recording, k, shown.p, shown.q);
  const skyband = shown.how === "chosen" ? `${recording.steps[k].skyband.length} pixels are in the skyband. ` : "";
  return `The pair plane: pull on the ${recording.target} against push on the others. p at ${p}, q at ${q}, score ${slope(score)}. ${skyband}${caption}`;
}
