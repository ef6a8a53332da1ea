// The words in the plane: which there are, from the most important to the least, and where each finds room. One without room is left out.

import { ticksOf } from "./axes.js";
import { clamp, setFont, write } from "./drawing.js";
import { reserved } from "./figure.js";
import { balanced, DOT, freeSpot, spotsAround, spotsWithin } from "./labels.js";
import { pairNumbers } from "./pairs.js";
import { slope } from "./words.js";

/** @import { Box, Pen, Point, Recording, TextStyle } from "./types.js" */
/** @import { Canvas, Figure, Mark } from "./figure.js" */
/** @import { Obstacles, Size, Spot } from "./labels.js" */

/** @typedef {Canvas & { pen: Pen, figure: Figure, dots: Float32Array, button: Box | null }} Plane what is drawn, and the button that lies over it */
/** @typedef {TextStyle & { text: string, ascent?: number }} Line ascent: how high its letters are, if lower than a line */
/** @typedef {"good" | "push" | "pull" | "neither"} Corner */
/** @typedef {{ lines: Line[], spot: Spot, ground: string | null }} Label lines of text, where they stand, and the colour that fades what is under them */
/** @typedef {(variants: Line[][], spotsFor: (size: Size) => Spot[], ground?: string | null) => void} Put write the first variant that finds room */

const LINE_GAP = 4; // between lines of a label
const PADDING = 2; // around it

/** Write the words of the plane. @type {(plane: Plane) => void} */
export function drawNames(plane) {
  const { pen } = plane;
  for (const { lines, spot, ground } of placedNames(plane)) {
    if (ground) {
      pen.globalAlpha = 0.75; // paper behind the words: quicker to draw than a halo around every letter
      pen.fillStyle = ground;
      pen.fillRect(spot.left, spot.top, spot.right - spot.left, spot.bottom - spot.top);
      pen.globalAlpha = 1;
    }
    const x = { left: spot.left + PADDING, right: spot.right - PADDING, center: (spot.left + spot.right) / 2 }[spot.align];
    lines.forEach((line, at) => {
      write(pen, line.text, x, spot.top + (at + 1) * lineHeight(line) - LINE_GAP / 2, { ...line, align: spot.align });
    });
  }
}

/** All labels for which there is room. @type {(plane: Plane) => Label[]} */
function placedNames(plane) {
  const { pen, dots, figure, button, colours } = plane;
  const obstacles = reserved(figure);
  obstacles.boxes.push(...largeDots(dots), ...(button ? [button] : []));
  /** @type {Label[]} */
  const labels = [];
  /** @type {Put} */
  const put = (variants, spotsFor, ground = colours.paper) => {
    for (const lines of variants) {
      const spot = freeSpot(spotsFor(sizeOf(pen, lines)), obstacles, dots);
      if (!spot) continue;
      obstacles.boxes.push({ ...spot, top: spot.top - PADDING, bottom: spot.bottom + PADDING });
      labels.push({ lines, spot, ground });
      return;
    }
  };
  nameMarks(plane, put);
  nameAxes(plane, put);
  notePair(plane, put);
  nameMine(plane, put);
  noteTrail(plane, put);
  noteLine(plane, put);
  nameCorners(plane, put);
  nameMidpoint(plane, put);
  return labels;
}

/** The dots of the skyband, which no label may hide. @type {(dots: Float32Array) => Box[]} */
function largeDots(dots) {
  const boxes = [];
  for (let at = 0; at < dots.length; at += 4) {
    const [x, y, reach] = dots.subarray(at, at + 3);
    if (reach > DOT + 1) boxes.push({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach });
  }
  return boxes;
}

/** @type {(pen: Pen, lines: Line[]) => Size} */
const sizeOf = (pen, lines) => ({
  width: Math.max(...lines.map((line) => widthOf(pen, line))) + 2 * PADDING,
  height: lines.length * lineHeight(lines[0]) + LINE_GAP / 2,
});

/** @type {(line: Line) => number} */
const lineHeight = ({ size, ascent = size }) => ascent + LINE_GAP;

/** @type {(pen: Pen, line: Line) => number} */
function widthOf(pen, { text, size, font, weight = 400 }) {
  setFont(pen, `${weight} ${size}px ${font}`);
  return pen.measureText(text).width;
}

/** @type {Map<string, string[]>} */
const broken = new Map(); // texts as they were broken into lines: to try all ways anew for each frame would be slow

/** A text in as many lines as asked, in a style. @type {(pen: Pen, text: string, count: number, style: TextStyle) => Line[]} */
function inLines(pen, text, count, style) {
  const name = `${count} ${style.size} ${style.weight} ${style.font} ${text}`;
  if (!broken.has(name)) {
    if (broken.size > 500) broken.clear();
    broken.set(
      name,
      balanced(text, count, (part) => widthOf(pen, { ...style, text: part })),
    );
  }
  return broken.get(name).map((line) => ({ ...style, text: line }));
}

/** The part of the plane within its margins. @type {(plane: Plane) => Box} */
const inside = ({ width, height, scales: { margin } }) => ({ left: 0, right: width, top: margin.top, bottom: height - margin.bottom });

/** The four corners, between the axes. @type {(plane: Plane) => Record<Corner, Box>} */
function corners(plane) {
  const { left, right, top, bottom } = inside(plane);
  const [x, y] = [plane.scales.x(0), plane.scales.y(0)];
  return {
    good: { left: x, right, top, bottom: y },
    push: { left, right: x, top, bottom: y },
    neither: { left, right: x, top: y, bottom },
    pull: { left: x, right, top: y, bottom },
  };
}

/** @type {(plane: Plane) => Record<"plain" | "axis" | "tick" | "good" | "winners", TextStyle>} */
function styles({ colours }) {
  const plain = { size: colours.size.t1, font: colours.font, colour: colours.ink2 };
  return {
    plain,
    axis: { ...plain, colour: colours.ink },
    tick: { ...plain, colour: colours.ink3 },
    good: { ...plain, colour: colours.target, weight: 600 },
    winners: { ...plain, colour: colours.ink },
  };
}

/** The letters of p and q, on the far sides from one another. @type {(plane: Plane, put: Put) => void} */
function nameMarks(plane, put) {
  const { figure, colours } = plane;
  const marks = figure.marks.filter(({ mine }) => !mine);
  /** @type {(from: Mark, other: Mark | undefined) => Point} */
  const away = (from, other) => (other ? [from.at[0] - other.at[0], from.at[1] - other.at[1]] : [-1, -1]);
  const style = { size: 18, ascent: 11, weight: 700, font: colours.font, halo: colours.paper };
  for (const mark of marks) {
    const other = marks.find((each) => each !== mark);
    const line = { ...style, colour: colours[mark.name], text: mark.name };
    put([[line]], (size) => spotsAround(size, mark.at, mark.radius + 2, inside(plane), away(mark, other)), null);
  }
}

/** Names and numbers of the axes, and how many dots lie beyond their ends. @type {(plane: Plane, put: Put) => void} */
function nameAxes(plane, put) {
  const { width, height, scales, recording, step, dots, button } = plane;
  const { axis, tick } = styles(plane);
  const brighter = step.sign > 0;
  const outside = step.counts.pixels - dots.length / 4;
  /** @type {(at: { left: number, top: number, align?: CanvasTextAlign }, size: Size) => Spot[]} */
  const one = ({ left, top, align = "center" }, size) => {
    const [right, bottom] = [left + size.width, top + size.height];
    return left >= 0 && right <= width ? [{ align, left, right, top, bottom }] : [];
  };
  const foot = height - scales.margin.bottom + 1;
  const end = button ? button.left - 4 : width;
  const [push, pull] = [brighter ? "−b" : "b", brighter ? "a" : "−a"];
  const upright = ["  push on the others ↑", "  push on others ↑", " ↑"].map((words) => [{ ...axis, text: push + words }]);
  put(upright, (size) => one({ left: clamp(scales.x(0) - size.width / 2, 0, Math.max(0, end - size.width)), top: 0 }, size), null);
  const level = [{ ...axis, text: `${pull}  pull on the ${recording.target} →` }];
  put([level], (size) => one({ left: width - size.width, top: foot, align: "right" }, size), null);
  for (const { text, x, y, along } of ticksOf(plane)) {
    const middle = (size) => ({ left: x - size.width / 2, top: y + 4 });
    const beside = (size) => ({ left: x - 5 - size.width, top: y - size.height / 2 });
    put([[{ ...tick, text }]], (size) => one((along === "pull" ? middle : beside)(size), size), null);
  }
  const further = [`↙ ${outside} more pixels further out`, `↙ ${outside} more`].map((text) => [{ ...tick, text }]);
  if (outside) put(further, (size) => one({ left: 0, top: foot, align: "left" }, size), null);
}

/** What is said of the shown pair, in the good corner. @type {(plane: Plane, put: Put) => void} */
function notePair(plane, put) {
  const { recording, k, colours, step, shown, figure } = plane;
  const { good, winners } = styles(plane);
  const corner = corners(plane).good;
  /** @type {(variants: Line[][]) => void} */
  const note = (variants) => put(variants, (size) => spotsWithin(size, corner), colours.soft);
  if (shown.p === null || shown.q === null) return;
  const { admissible, score } = pairNumbers(recording, k, shown.p, shown.q);
  if (shown.how === "partner") {
    const plain = { ...good, colour: colours.q };
    note([[{ ...plain, text: `${slope(score)} on the curve` }]]);
    const text = "a partner must lie inside the dashed corner";
    return put(
      [1, 2, 3].map((count) => inLines(plane.pen, text, count, { ...plain, weight: 400 })),
      (size) => spotsWithin(size, figure.corner, true),
    );
  }
  if (figure.areas.length) return noteAreas(plane, note);
  const along = `score ${slope(score)} along the curve`;
  if (admissible) note([1, 2].map((count) => inLines(plane.pen, along, count, good)));
  const count = step.skyband.length;
  if (largeDots(plane.dots).length) note([1, 2].map((lines) => inLines(plane.pen, `only the ${count} large dots can win`, lines, winners)));
}

/** After the reveal: what the rectangles of the best pair and of the viewer's are worth. @type {(plane: Plane, note: (variants: Line[][]) => void) => void} */
function noteAreas(plane, note) {
  const { recording, k, shown, picks } = plane;
  const { good, plain } = styles(plane);
  /** @type {(pair: number[]) => string} */
  const scoreOf = ([p, q]) => slope(pairNumbers(recording, k, p, q).score);
  const both = `best ${scoreOf([shown.p, shown.q])}, yours ${plane.figure.areas.length > 1 ? scoreOf(picks) : "not admissible"}`;
  note([1, 2].map((count) => inLines(plane.pen, both, count, good)));
  note([1, 2, 3].map((count) => inLines(plane.pen, "score = 4 × area of the rectangle", count, plain)));
}

/** After the reveal: whose the dashed marks are. @type {(plane: Plane, put: Put) => void} */
function nameMine(plane, put) {
  const { figure, colours } = plane;
  const mark = figure.marks.findLast(({ mine }) => mine);
  const yours = [[{ ...styles(plane).winners, text: "yours" }]];
  if (mark) put(yours, (size) => spotsAround(size, mark.at, mark.radius + 2, inside(plane), [-1, 1]), colours.soft);
}

/** At the end: the first and the last pair of the trail, with their scores. @type {(plane: Plane, put: Put) => void} */
function noteTrail(plane, put) {
  const { figure, recording, colours } = plane;
  const { trail } = figure;
  if (!trail.length) return;
  const scores = recording.steps.filter(({ pair }) => pair).map(({ pair }) => slope(pair.score));
  const ends = trail.length > 1 ? [0, trail.length - 1] : [0];
  for (const at of ends) {
    const name = trail.length === 1 ? "only pair" : at ? "last pair" : "first pair";
    const style = { ...styles(plane).winners, weight: 600 };
    const next = trail[at ? at - 1 : 1] ?? trail[at];
    /** @type {Point} */
    const away = [trail[at][0] - next[0], trail[at][1] - next[1]];
    put([[{ ...style, text: `${name} ${scores[at]}` }]], (size) => spotsAround(size, trail[at], 9, inside(plane), away), colours.soft);
  }
}

/** What it means to lie in each corner. @type {(plane: Plane, put: Put) => void} */
function nameCorners(plane, put) {
  const { pen, recording, colours } = plane;
  const { target } = recording;
  const { good, plain } = styles(plane);
  const box = corners(plane);
  /** @type {(corner: Corner, text: string, style: TextStyle, low: boolean) => void} */
  const name = (corner, text, style, low) =>
    put(
      [2, 3, 4].map((count) => inLines(pen, text, count, style)),
      (size) => spotsWithin(size, box[corner], low),
      corner === "good" ? colours.soft : colours.paper,
    );
  name("good", `pulls the ${target} up, pushes the others down`, good, true);
  name("push", `pushes the others down, but the ${target} too`, plain, false);
  name("neither", `pushes the ${target} down, lifts the others`, plain, true);
  name("pull", `lifts the ${target}, but the others too`, plain, true);
}

/** What is said of the plane where every pixel pulls as much as it pushes. */
export const ONE_LINE = "β = −α: all dots on one line, since probabilities add up to 100 %";

/** On probabilities: why all dots lie on one line. @type {(plane: Plane, put: Put) => void} */
function noteLine(plane, put) {
  const { pen, recording, k } = plane;
  if (!onOneLine(recording, k)) return;
  const { push, pull } = corners(plane); // the line passes through neither
  put(
    [2, 3, 4].map((count) => inLines(pen, ONE_LINE, count, styles(plane).winners)),
    (size) => [...spotsWithin(size, push), ...spotsWithin(size, pull, true)],
  );
}

/** Whether every pixel pulls as much as it pushes, up to rounding. @type {(recording: Recording, k: number) => boolean} */
export function onOneLine(recording, k) {
  if (recording.output !== "probabilities") return false;
  let [farthest, apart] = [0, 0];
  for (let i = 0; i < recording.pixels; i++) {
    farthest = Math.max(farthest, Math.abs(recording.a(k, i)));
    apart = Math.max(apart, Math.abs(recording.a(k, i) + recording.b(k, i)));
  }
  return apart <= 1e-4 * farthest;
}

/** @type {(plane: Plane, put: Put) => void} */
function nameMidpoint(plane, put) {
  const [middle] = plane.figure.midpoints;
  const { winners } = styles(plane);
  if (middle)
    put([[{ ...winners, text: "midpoint" }]], (size) => spotsAround(size, middle, 10, inside(plane), [1, -1]), plane.colours.soft);
}
