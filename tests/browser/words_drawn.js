// Watches what is written and drawn on every canvas, and drives the stage through its modes: wordsDrawn.lookAround().

globalThis.wordsDrawn = (() => {
  const drawn = new WeakMap(); // by canvas, since it was last cleared
  const pens = CanvasRenderingContext2D.prototype;
  const on = (pen) => {
    if (!drawn.has(pen.canvas)) drawn.set(pen.canvas, { words: [], shapes: [], path: [] });
    return drawn.get(pen.canvas);
  };
  const watch = (of, name, note) => {
    const done = of[name];
    of[name] = function (...values) {
      note(this, ...values);
      return done.apply(this, values);
    };
  };
  const shape = (pen, kind, path) =>
    on(pen).shapes.push({ kind, path, fill: pen.fillStyle, stroke: pen.strokeStyle, width: pen.lineWidth });

  watch(pens, "clearRect", (pen) => Object.assign(on(pen), { words: [], shapes: [], path: [] }));
  watch(pens, "fillText", (pen, text, x, y) => {
    const {
      actualBoundingBoxLeft: l,
      actualBoundingBoxRight: r,
      actualBoundingBoxAscent: a,
      actualBoundingBoxDescent: d,
    } = pen.measureText(text);
    on(pen).words.push({ text, box: { left: x - l, right: x + r, top: y - a, bottom: y + d } });
  });
  watch(pens, "beginPath", (pen) => (on(pen).path = []));
  for (const name of ["moveTo", "lineTo"]) watch(pens, name, (pen, x, y) => on(pen).path.push({ name, x, y }));
  watch(pens, "arc", (pen, x, y, radius) =>
    on(pen).path.push({ name: "box", x: x - radius, y: y - radius, wide: 2 * radius, high: 2 * radius }),
  );
  for (const name of ["rect", "roundRect"])
    watch(pens, name, (pen, x, y, wide, high) => on(pen).path.push({ name: "box", x, y, wide, high }));
  watch(pens, "fill", (pen, path) => shape(pen, "fill", path instanceof Path2D ? /** @type {any} */ (path).seen : on(pen).path));
  watch(pens, "stroke", (pen) => shape(pen, "stroke", on(pen).path));
  watch(Path2D.prototype, "arc", (/** @type {any} */ path, x, y, radius) => {
    path.seen ??= [];
    path.seen.push({ name: "box", x: x - radius, y: y - radius, wide: 2 * radius, high: 2 * radius });
  });

  const overlap = (one, other) =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 0.5 &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 0.5;

  /** Points of a path of lines, a pixel or less apart. */
  function along(path) {
    const points = [];
    path.forEach((to, at) => {
      const from = to.name === "lineTo" ? (path[at - 1] ?? to) : to;
      const count = Math.min(2000, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y)));
      for (let i = 0; i <= count; i++)
        points.push([from.x + (i / (count || 1)) * (to.x - from.x), from.y + (i / (count || 1)) * (to.y - from.y)]);
    });
    return points;
  }

  const stage = () => /** @type {any} */ (document.querySelector(".stage"));
  const part = (name) => stage().querySelector(`[data-testid="stage-${name}"]`);
  const boxOf = ({ x, y, wide, high }) => ({ left: x, right: x + wide, top: y, bottom: y + high });

  let around = null; // the colours of p and q, and the button over the plane

  /** Ask the page what stays as it is while the size does: asking costs a layout. */
  function measure() {
    const style = getComputedStyle(stage());
    const [p, q] = ["--p", "--q"].map((name) => style.getPropertyValue(name).trim());
    const { offsetLeft: left, offsetTop: top, offsetWidth, offsetHeight } = part("kinds"); // which stands in the plane's own box
    const button = { left, right: left + offsetWidth, top, bottom: top + offsetHeight };
    around = { p, q, button, sizes: new Map() };
    for (const canvas of stage().querySelectorAll("canvas")) around.sizes.set(canvas, [canvas.clientWidth, canvas.clientHeight]);
  }

  /** What is wrong on the canvases as they stand. */
  function faults() {
    const found = [];
    for (const canvas of stage().querySelectorAll("canvas")) {
      const { words } = drawn.get(canvas) ?? { words: [] };
      words.forEach(({ text, box }, at) => {
        for (const other of words.slice(at + 1)) if (overlap(box, other.box)) found.push(`${text} / ${other.text}`);
        const [wide, high] = around.sizes.get(canvas) ?? [Infinity, Infinity]; // the map of partners comes and goes
        if (box.left < -1 || box.right > wide + 1 || box.top < -1 || box.bottom > high + 1) found.push(`${text} / edge`);
      });
    }
    return [...found, ...faultsOfPlane(), ...faultsOfPicture()];
  }

  function faultsOfPlane() {
    const found = [];
    const canvas = part("plane");
    const { words, shapes } = drawn.get(canvas);
    const { p, q, button } = around;
    const boxes = [button];
    const lines = [];
    for (const { kind, path, fill, stroke, width } of shapes) {
      const colour = kind === "fill" ? fill : stroke;
      const all = path.filter(({ name }) => name === "box").map(boxOf);
      if (colour === p || colour === q) boxes.push(...all);
      else if (kind === "fill") boxes.push(...all.filter(({ left, right }) => right - left > 8)); // large dots
      if (kind === "stroke" && width >= 1.5 && width < 3 && !all.length) lines.push(along(path));
    }
    for (const { text, box } of words) {
      if (boxes.some((each) => overlap(box, each))) found.push(`${text} / a mark`);
      const crossed = (line) => line.some(([x, y]) => x > box.left && x < box.right && y > box.top && y < box.bottom);
      if (lines.some(crossed)) found.push(`${text} / a line`);
    }
    const marks = shapes.filter(
      ({ kind, fill, stroke, path }) => path.some(({ name }) => name === "box") && [p, q].includes(kind === "fill" ? fill : stroke),
    );
    const solid = marks.filter(({ kind }) => kind === "fill").map(({ path }) => boxOf(path[0]));
    const within = (one, other) => one.left >= other.left && one.right <= other.right && one.top >= other.top && one.bottom <= other.bottom;
    if (solid.length > 1 && within(solid[0], solid[1])) found.push("one mark hides the other");
    return found;
  }

  function faultsOfPicture() {
    const canvas = part("image");
    const { words } = drawn.get(canvas);
    const wide = around.sizes.get(canvas)[0] / 28;
    const found = [];
    for (const head of stage().querySelectorAll(".formula th[data-pixel]")) {
      const pixel = Number(head.dataset.pixel);
      const cell = boxOf({ x: (pixel % 28) * wide, y: Math.floor(pixel / 28) * wide, wide, high: wide });
      for (const { text, box } of words) if (overlap(box, cell)) found.push(`${text} on a pixel of the pair`);
    }
    return found;
  }

  const go = (k) => {
    part("slider").value = k;
    part("slider").dispatchEvent(new Event("input", { bubbles: true }));
  };
  const pick = (pixel) => {
    const image = part("image");
    const box = image.getBoundingClientRect();
    const at = {
      clientX: box.left + (box.width * ((pixel % 28) + 0.5)) / 28,
      clientY: box.top + (box.height * (Math.floor(pixel / 28) + 0.5)) / 28,
    };
    image.dispatchEvent(new PointerEvent("click", { ...at, bubbles: true, composed: true }));
  };
  const best = () => [...stage().querySelectorAll(".formula th[data-pixel]")].map((head) => Number(head.dataset.pixel));

  /** Go through all modes; return what was wrong, and in how many frames of which mode it was looked for. */
  async function lookAround(seed) {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame); // until the stage has taken its new size
    let state = seed + 1;
    const chance = (count) => Math.floor((((state = (state * 16807) % 2147483647) - 1) / 2147483646) * count);
    const found = [];
    const modes = {};
    const look = (mode) => {
      modes[mode] = (modes[mode] ?? 0) + 1;
      found.push(...faults().map((fault) => `${mode} at ${stage().dataset.iteration}: ${fault}`));
    };
    measure();
    const last = Number(stage().dataset.iterations);
    for (let k = 0; k <= last; k++) {
      go(k);
      look(k < last ? "watch" : "end");
    }
    pick(chance(784)); // at the end
    look("partner");
    go(Math.floor(last / 2));
    const [p, q] = best();
    for (const pixel of [p, 28 * (4 + chance(20)) + 4 + chance(20)]) {
      pick(pixel);
      look("partner");
      part("partner-close").click();
    }
    part("kinds").click();
    measure();
    look("kinds");
    part("kinds").click();
    measure();
    part("predict").click();
    for (const pixel of [q, chance(2) ? q + 1 : chance(784)]) {
      pick(pixel);
      look("predict");
    }
    part("reveal").click();
    look("revealed");
    part("watch").click();
    return { faults: found, modes };
  }

  return { lookAround, measure, faults, go, pick };
})();
