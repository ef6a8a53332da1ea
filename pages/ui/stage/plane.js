// The pair plane: one dot per pixel. To the right: how much it pulls on the target. Up: how much it pushes the others down.

const DOT = 2.4;
const SKYBAND_DOT = 5;

/** Return what maps pull and push to the canvas, chosen so that the good corner has most of the room. */
function planeScales(recording, k, scope, width, height) {
  const steps = scope === "trace" ? recording.steps.map((_, at) => at) : [k];
  let [farthestPull, farthestPush] = [0, 0];
  for (const at of steps) {
    for (let i = 0; i < recording.pixels; i++) {
      if (!recording.inDomain(at, i)) continue;
      farthestPull = Math.max(farthestPull, recording.pull(at, i));
      farthestPush = Math.max(farthestPush, recording.push(at, i));
    }
  }
  const { pair } = recording.steps[k];
  const shown = pair ? chosenPoints(recording, k) : midpoints(recording); // these are never off the edge
  const [pulls, pushes] = [0, 1].map((axis) => shown.map((point) => point[axis]));
  const largest = Math.max(farthestPull, farthestPush) || 1;
  const right = 1.15 * Math.max(farthestPull, 0.2 * largest, ...pulls);
  const top = Math.max(1.3 * Math.max(farthestPush, 0.2 * largest), 1.15 * Math.max(0, ...pushes));
  const left = Math.min(-0.5 * right, ...pulls.map((pull) => 1.1 * pull));
  const bottom = Math.min(-0.4 * top, ...pushes.map((push) => 1.1 * push));
  const margin = { top: 22, bottom: 22 };
  const inner = height - margin.top - margin.bottom;
  return {
    left, right, bottom, top, margin,
    x: (pull) => ((pull - left) / (right - left)) * width,
    y: (push) => margin.top + ((top - push) / (top - bottom)) * inner,
    holds: (pull, push) => pull >= left && pull <= right && push >= bottom && push <= top,
  };
}

/** Pull and push of p and q at step k. */
function chosenPoints(recording, k) {
  const { first, second } = recording.steps[k].pair;
  return [first, second].map((i) => [recording.pull(k, i), recording.push(k, i)]);
}

/** The midpoints of all pairs chosen in this attack; a pair's score is four times the product of the two. */
function midpoints(recording) {
  const chosen = recording.steps.filter((step) => step.pair);
  return chosen.map(({ sign, pair }) => [(sign * pair.alpha) / 2, (-sign * pair.beta) / 2]);
}

function createPlane(find) {
  const canvas = find(".plane");
  let scales = null;
  return {
    canvas,
    /** The pixel whose dot lies nearest to a point of the canvas, or null when none is near. */
    pixelAt(recording, k, x, y) {
      let [nearest, distance] = [null, 14];
      for (let i = 0; i < recording.pixels; i++) {
        if (!recording.inDomain(k, i)) continue;
        const away = Math.hypot(scales.x(recording.pull(k, i)) - x, scales.y(recording.push(k, i)) - y);
        if (away < distance) [nearest, distance] = [i, away];
      }
      return nearest;
    },
    draw(recording, view) {
      const { pen, width, height } = prepare(canvas);
      scales = planeScales(recording, view.k, view.scope, width, height);
      const plane = { pen, width, height, scales, recording, ...view, step: recording.steps[view.k] };
      plane.dots = listDots(plane);
      drawGround(plane);
      drawDots(plane);
      if (plane.step.pair) drawPair(plane);
      else drawTrail(plane);
      drawNames(plane, plane.step.counts.pixels - plane.dots.length / 4);
      if (view.pixel !== null) drawPointed(plane);
      canvas.setAttribute("aria-label", planeInWords(plane));
      find(".saliency-caption").textContent = saliencyCaption(recording, plane.step, view.layout);
    },
  };
}

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
  const style = { size: colours.size.t1, font: colours.font, colour: colours.ink3, halo: colours.paper };
  for (const tick of ticks(scales.left, scales.right)) {
    const x = scales.x(tick);
    if (x > 14 && x < width - 20) {
      pen.strokeRect(x, originY, 0, 4);
      write(pen, shortTick(tick), x, originY + 16, { ...style, align: "center" });
    }
  }
  for (const tick of ticks(scales.bottom, scales.top)) {
    const y = scales.y(tick);
    if (y > margin.top + 14 && y < height - margin.bottom - 8) {
      pen.strokeRect(originX - 4, y, 4, 0);
      write(pen, shortTick(tick), originX - 7, y + 4, { ...style, align: "right" });
    }
  }
}

/** Two or three round numbers on each side of zero, zero itself left out. */
function ticks(from, to) {
  const rough = (to - from) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const spacing = [1, 2, 5, 10].map((factor) => factor * unit).find((candidate) => candidate >= rough);
  const found = [];
  for (let at = Math.ceil(from / spacing); at * spacing <= to; at++) if (at) found.push(at * spacing);
  return found;
}

function shortTick(value) {
  if (Math.abs(value) < 0.01) return `${value < 0 ? "−" : ""}${powerOfTen(value)}`.replace(".0·", "·");
  return number(value, Math.abs(value) < 0.1 ? 2 : 1).replace(/\.0$/, "");
}

/** Draw a dot for every pixel that can still change; the skyband's are large. */
function drawDots({ pen, dots, colours }) {
  for (const [radius, colour, opacity] of [[DOT, colours.dot, 0.75], [SKYBAND_DOT, colours.ink, 1]]) {
    pen.fillStyle = colour;
    pen.globalAlpha = opacity;
    for (let at = 0; at < dots.length; at += 4) {
      if (Math.abs(dots[at + 2] - radius) > 0.01) continue;
      pen.beginPath();
      pen.arc(dots[at], dots[at + 1], radius, 0, 2 * Math.PI);
      pen.fill();
    }
  }
  pen.globalAlpha = 1;
}

/** The chosen two joined, their midpoint, and the curve of all midpoints with the same score. */
function drawPair({ pen, width, height, scales, recording, k, colours }) {
  const points = chosenPoints(recording, k);
  const [p, q] = points.map(([pull, push]) => [scales.x(pull), scales.y(push)]);
  const middle = [(points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2];
  pen.save();
  pen.beginPath();
  pen.rect(0, scales.margin.top, width, height - scales.margin.top - scales.margin.bottom);
  pen.clip();
  pen.strokeStyle = colours.target;
  pen.lineWidth = 2;
  pen.beginPath();
  for (let x = Math.ceil(scales.x(0)) + 1; x <= width; x += 2) {
    const pull = scales.left + (x / width) * (scales.right - scales.left);
    pen.lineTo(x, scales.y((middle[0] * middle[1]) / pull)); // score / 4 = product of the midpoint's coordinates
  }
  pen.stroke();
  pen.restore();
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(...p);
  pen.lineTo(...q);
  pen.stroke();
  diamond(pen, [scales.x(middle[0]), scales.y(middle[1])], 6, colours.paper, colours.ink);
  pen.fillStyle = colours.p;
  pen.beginPath();
  pen.arc(...p, 8.5, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = colours.q;
  pen.fillRect(q[0] - 8, q[1] - 8, 16, 16);
  // Names stand on the far side of each dot from the other, so that they never meet.
  const away = Math.atan2(p[1] - q[1], p[0] - q[0]);
  for (const [name, [x, y], angle] of [["p", p, away], ["q", q, away + Math.PI]]) {
    write(pen, name, clamp(x + 20 * Math.cos(angle), 8, width - 8), clamp(y + 20 * Math.sin(angle) + 6, scales.margin.top + 12, height - 24), {
      size: 18, weight: 700, colour: colours[name], font: colours.font, halo: colours.paper, align: "center",
    });
  }
}

const clamp = (value, lowest, highest) => Math.max(lowest, Math.min(highest, value));

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

/** At the end: the midpoints of all pairs that were chosen, from the first to the last. */
function drawTrail({ pen, scales, recording, colours }) {
  const trail = midpoints(recording).map(([pull, push]) => [scales.x(pull), scales.y(push)]);
  pen.strokeStyle = colours.target;
  pen.globalAlpha = 0.6;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const point of trail) pen.lineTo(...point);
  pen.stroke();
  pen.globalAlpha = 1;
  trail.forEach((point, at) => {
    pen.globalAlpha = 0.4 + (0.6 * at) / Math.max(1, trail.length - 1);
    diamond(pen, point, 4.5, colours.target, colours.target);
  });
  pen.globalAlpha = 1;
}

function drawPointed({ pen, scales, recording, k, pixel, colours }) {
  const [pull, push] = [recording.pull(k, pixel), recording.push(k, pixel)];
  if (!scales.holds(pull, push)) return;
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(scales.x(pull), scales.y(push), 8, 0, 2 * Math.PI);
  pen.stroke();
}

/** The names of axes, corners and marks. */
function drawNames(plane, outside) {
  const { pen, width, height, scales, recording, colours, step } = plane;
  const { target } = recording;
  const brighter = step.sign > 0;
  const style = { size: colours.size.t1, font: colours.font, colour: colours.ink2, halo: colours.paper };
  const axis = { ...style, colour: colours.ink };
  const [originX, originY] = [scales.x(0), scales.y(0)];
  const foot = height - scales.margin.bottom;
  write(pen, `${brighter ? "−b" : "b"}  push on the others ↑`, clamp(originX, 66, width - 80), 14, { ...axis, align: "center" });
  write(pen, `${brighter ? "a" : "−a"}  pull on the ${target} →`, width, height - 6, { ...axis, align: "right" });
  if (outside) write(pen, `↙ ${outside} more pixels further out`, 0, height - 6, { ...style, colour: colours.ink3 });

  const quiet = { ...style, align: "left" };
  const good = { ...style, colour: colours.target, weight: 600, halo: colours.soft };
  const taken = placesTaken(plane);
  const put = (lines, box, low = false) => taken.push(writeWhereFree(plane, lines, taken, box, low));
  const upper = { top: scales.margin.top, bottom: originY };
  const lower = { top: originY + 18, bottom: foot };
  if (step.pair) {
    const winners = { ...good, weight: 400, colour: colours.ink, text: `only the ${step.skyband.length} large dots can win` };
    put([winners, { ...good, text: `score ${slope(step.pair.score)} along the curve` }], { ...upper, left: originX, right: width });
  }
  const named = (texts, look) => texts.map((text) => ({ ...look, text }));
  put(named([`pulls the ${target} up,`, "pushes the others down"], good), { ...upper, left: originX, right: width }, true);
  put(named(["pushes the others", `down, but the ${target} too`], quiet), { ...upper, left: 0, right: originX });
  put(named([`pushes the ${target} down,`, "lifts the others"], quiet), { ...lower, left: 0, right: originX }, true);
  put(named([`lifts the ${target},`, "but the others too"], quiet), { ...lower, left: originX, right: width }, true);
}

/** Boxes that no label may cover: the chosen dots with their letters and the line between them, or the trail. */
function placesTaken({ scales, recording, k, step }) {
  const around = ([pull, push], reach) => {
    const [x, y] = [scales.x(pull), scales.y(push)];
    return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach };
  };
  if (!step.pair) return midpoints(recording).map((point) => around(point, 6));
  const [p, q] = chosenPoints(recording, k);
  const between = (share) => [p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])];
  const middle = between(0.5);
  const curve = Array.from({ length: 24 }, (_, at) => ((at + 1) / 24) * scales.right).map((pull) => [pull, (middle[0] * middle[1]) / pull]);
  const chord = Array.from({ length: 9 }, (_, at) => between((at + 1) / 10));
  return [around(p, 26), around(q, 26), ...chord.map((point) => around(point, 8)), ...curve.map((point) => around(point, 6))];
}

/**
 * Write a block of lines inside `box`, where it covers the fewest dots; return the place it took.
 * It stands at the left or the right side of the box, at any height; `low` prefers the bottom.
 */
function writeWhereFree(plane, lines, taken, box, low) {
  const { pen } = plane;
  const lineHeight = lines[0].size + 4;
  const [width, height] = [Math.max(...lines.map((line) => widthOf(pen, line))), lines.length * lineHeight + 4];
  const tops = [];
  for (let top = box.top + 2; top <= box.bottom - height; top += 6) tops.push(top);
  if (!tops.length) tops.push(box.bottom - height);
  if (low) tops.reverse();
  const sides = [["right", box.right - width - 8], ["left", box.left + (box.left ? 8 : 0)]];
  if (!box.left) sides.reverse();
  let best = null;
  for (const [align, left] of sides) {
    for (const top of tops) {
      const spot = { align, left: Math.max(left, 0), right: Math.max(left, 0) + width, top, bottom: top + height };
      spot.cost = coverage(plane, spot, taken);
      if (!best || spot.cost < best.cost) best = spot;
    }
  }
  lines.forEach((line, at) => write(pen, line.text, best[best.align], best.top + (at + 1) * lineHeight - 2, { ...line, align: best.align }));
  return best;
}

function widthOf(pen, { text, size, font, weight = 400 }) {
  pen.font = `${weight} ${size}px ${font}`;
  return pen.measureText(text).width;
}

/** How many dots a label at `spot` would cover; the large ones and what is taken count for more. */
function coverage({ dots }, spot, taken) {
  let covered = 0;
  for (const box of taken) {
    if (spot.left < box.right && spot.right > box.left && spot.top < box.bottom && spot.bottom > box.top) covered += 15;
  }
  for (let at = 0; at < dots.length; at += 4) {
    const [x, y, reach] = [dots[at], dots[at + 1], dots[at + 2]];
    if (x > spot.left - reach && x < spot.right + reach && y > spot.top - reach && y < spot.bottom + reach) covered += dots[at + 3];
  }
  return covered;
}

/** Where the dots lie: x, y, radius and weight, one after the other. */
function listDots({ scales, recording, k, step }) {
  const large = new Set(step.pair ? step.skyband : []);
  const dots = [];
  for (let i = 0; i < recording.pixels; i++) {
    if (!recording.inDomain(k, i)) continue;
    const [pull, push] = [recording.pull(k, i), recording.push(k, i)];
    if (!scales.holds(pull, push)) continue;
    dots.push(scales.x(pull), scales.y(push), ...(large.has(i) ? [SKYBAND_DOT, 10] : [DOT, 1]));
  }
  return Float32Array.from(dots);
}

function saliencyCaption(recording, step, layout) {
  const { target } = recording;
  if (step.stop) {
    const chosen = plural(recording.last, "pair");
    const why = step.stop === "REACHED_TARGET" ? "No pair is needed any more." : "No pair is chosen any more.";
    return recording.last ? `${why} Diamonds: the ${chosen} chosen, from first to last.` : why;
  }
  const rule = `The best pair pulls the ${target} up and pushes the others down${layout === "projector" ? "" : ", both at once"}.`;
  return layout === "projector" ? rule : `One dot per pixel. ${rule}`;
}

function planeInWords({ recording, k, step }) {
  if (!step.pair) return `The pair plane at the last step. ${saliencyCaption(recording, step)}`;
  const { first, second, score } = step.pair;
  return (
    `The pair plane: pull on the ${recording.target} against push on the others. Chosen: p at ${place(recording, first)} and ` +
    `q at ${place(recording, second)}, score ${slope(score)}. ${step.skyband.length} pixels could be in the best pair.`
  );
}
