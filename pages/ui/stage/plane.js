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
  const largest = Math.max(farthestPull, farthestPush) || 1;
  const right = 1.15 * Math.max(farthestPull, 0.2 * largest);
  const top = 1.3 * Math.max(farthestPush, 0.2 * largest);
  let [left, bottom] = [-0.5 * right, -0.4 * top];
  const { pair } = recording.steps[k];
  for (const i of pair ? [pair.first, pair.second] : []) { // the chosen two are never off the edge
    left = Math.min(left, 1.1 * recording.pull(k, i));
    bottom = Math.min(bottom, 1.1 * recording.push(k, i));
  }
  const margin = { top: 22, bottom: 22 };
  const inner = height - margin.top - margin.bottom;
  return {
    left, right, bottom, top, margin,
    x: (pull) => ((pull - left) / (right - left)) * width,
    y: (push) => margin.top + ((top - push) / (top - bottom)) * inner,
    holds: (pull, push) => pull >= left && pull <= right && push >= bottom && push <= top,
  };
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
      drawGround(plane);
      const outside = drawDots(plane);
      if (plane.step.pair) drawPair(plane);
      else drawTrail(plane);
      drawNames(plane, outside);
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

/** Draw a dot for every pixel that can still change; return how many lie beyond the edge. */
function drawDots({ pen, scales, recording, k, colours, step }) {
  const dot = (i, radius) => {
    pen.beginPath();
    pen.arc(scales.x(recording.pull(k, i)), scales.y(recording.push(k, i)), radius, 0, 2 * Math.PI);
    pen.fill();
  };
  let outside = 0;
  pen.fillStyle = colours.dot;
  pen.globalAlpha = 0.75;
  for (let i = 0; i < recording.pixels; i++) {
    if (!recording.inDomain(k, i)) continue;
    if (scales.holds(recording.pull(k, i), recording.push(k, i))) dot(i, DOT);
    else outside++;
  }
  pen.globalAlpha = 1;
  pen.fillStyle = colours.ink;
  if (step.pair) for (const i of step.skyband) if (scales.holds(recording.pull(k, i), recording.push(k, i))) dot(i, SKYBAND_DOT);
  return outside;
}

/** The chosen two joined, their midpoint, and the curve of all midpoints with the same score. */
function drawPair({ pen, width, height, scales, recording, k, colours, step }) {
  const points = [step.pair.first, step.pair.second].map((i) => [recording.pull(k, i), recording.push(k, i)]);
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
function drawTrail({ pen, width, scales, recording, colours }) {
  const trail = recording.steps.filter((step) => step.pair).map((step) => {
    const { alpha, beta } = step.pair;
    return [clamp(scales.x((step.sign * alpha) / 2), 6, width - 6), Math.max(scales.margin.top + 6, scales.y((-step.sign * beta) / 2))];
  });
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

  const free = (lines, corner, box) => writeWhereFree(plane, lines, corner, box);
  const corner = (colour, weight, halo) => ({ ...style, colour, weight, halo });
  const quiet = corner(colours.ink2, 400, colours.paper);
  const good = corner(colours.target, 600, colours.soft);
  const taken = step.pair ? placesOfPair(plane) : [];
  const put = (lines, look, box) => taken.push(free(lines.map((text) => ({ text, ...look })), taken, box));
  const upper = { top: scales.margin.top, bottom: originY };
  const lower = { top: originY + 18, bottom: foot };
  if (step.pair) {
    const won = [{ ...good, weight: 400, colour: colours.ink, text: `only the ${step.skyband.length} large dots can win` }];
    won.push({ ...good, text: `score ${slope(step.pair.score)} along the curve` });
    taken.push(free(won, taken, { ...upper, left: originX, right: width, align: "right" }));
  }
  put([`pulls the ${target} up,`, "pushes the others down"], good, { ...upper, left: originX, right: width, align: "right", low: true });
  put(["pushes the others", `down, but the ${target} too`], quiet, { ...upper, left: 0, right: originX, align: "left" });
  put([`pushes the ${target} down,`, "lifts the others"], quiet, { ...lower, left: 0, right: originX, align: "left", low: true });
  put([`lifts the ${target},`, "but the others too"], quiet, { ...lower, left: originX, right: width, align: "right", low: true });
}

/** Boxes around the chosen dots, their midpoint and their letters, which no label may cover. */
function placesOfPair({ scales, recording, k, step }) {
  const dots = [step.pair.first, step.pair.second].map((i) => [scales.x(recording.pull(k, i)), scales.y(recording.push(k, i))]);
  const middle = [(dots[0][0] + dots[1][0]) / 2, (dots[0][1] + dots[1][1]) / 2];
  return [...dots, middle].map(([x, y]) => ({ left: x - 24, right: x + 24, top: y - 24, bottom: y + 24 }));
}

/** Write a block of lines inside `box`, at the height where it covers the fewest dots; return the place it took. */
function writeWhereFree({ pen, scales, recording, k }, lines, taken, box) {
  const lineHeight = lines[0].size + 4;
  const blockHeight = lines.length * lineHeight + 4;
  const blockWidth = Math.max(...lines.map(({ text, size, font, weight = 400 }) => {
    pen.font = `${weight} ${size}px ${font}`;
    return pen.measureText(text).width;
  }));
  const right = box.align === "right";
  const left = right ? Math.max(box.right - blockWidth - 8, 0) : box.left;
  const place = (top) => ({ left, right: left + blockWidth, top, bottom: top + blockHeight });
  const cost = (spot) => {
    const overlap = (other) => spot.left < other.right && spot.right > other.left && spot.top < other.bottom && spot.bottom > other.top;
    let covered = taken.some(overlap) ? 1000 : 0;
    for (let i = 0; i < recording.pixels; i++) {
      if (!recording.inDomain(k, i)) continue;
      const [x, y] = [scales.x(recording.pull(k, i)), scales.y(recording.push(k, i))];
      if (x > spot.left - 4 && x < spot.right + 4 && y > spot.top - 4 && y < spot.bottom + 4) covered++;
    }
    return covered;
  };
  const tops = [];
  for (let top = box.top + 2; top <= box.bottom - blockHeight; top += 8) tops.push(top);
  if (!tops.length) tops.push(box.bottom - blockHeight);
  if (box.low) tops.reverse();
  const best = tops.map(place).map((spot) => ({ spot, cost: cost(spot) })).reduce((one, other) => (other.cost < one.cost ? other : one)).spot;
  lines.forEach((line, at) => {
    write(pen, line.text, right ? best.right : best.left, best.top + (at + 1) * lineHeight - 2, { ...line, align: box.align });
  });
  return best;
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
