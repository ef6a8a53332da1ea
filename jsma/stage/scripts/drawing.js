// Canvases, colours and text: what every view draws with.

/** @import { Colours, Pen, Point, Recording, TextStyle } from "./types.js" */

/** @type {WeakMap<Element, [width: number, height: number, zoom: number]>} */
const boxes = new WeakMap(); // the size of each canvas on the page: asking the page while drawing would make it lay out again

/** @type {WeakMap<Element, string>} */
const written = new WeakMap(); // what setHtml has last written into each element

/**
 * Replace the content of an element, but only when it changes: the same text again would cost a layout.
 * @type {(element: HTMLElement, html: string) => void}
 */
export function setHtml(element, html) {
  if (written.get(element) === html) return;
  const root = /** @type {Document | ShadowRoot} */ (element.getRootNode());
  const focused = /** @type {HTMLElement} */ (root.activeElement);
  const lost = element.contains(focused) ? focused : null;
  written.set(element, html);
  element.innerHTML = unbroken(atLevel(html, Number(element.closest("[data-level]").getAttribute("data-level"))));
  if (lost) moveFocus(sameIn(element, lost) ?? element.closest("[tabindex]"));
}

/**
 * The element that stands for `old` in new content, or undefined.
 * @type {(element: Element, old: HTMLElement) => HTMLElement | undefined}
 */
function sameIn(element, old) {
  /** @type {(of: HTMLElement) => string} */
  const name = (of) => `${of.className} ${of.dataset.testid} ${of.dataset.term}`;
  const all = /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(old.localName));
  return [...all].find((each) => name(each) === name(old));
}

/** Focus an element; the page scrolls to it only for those who go by keyboard. @type {(element: HTMLElement) => void} */
export function moveFocus(element) {
  element.focus({ preventScroll: true });
  if (element.matches(":focus-visible")) element.scrollIntoView({ block: "nearest" });
}

/**
 * Headings are written as they are in the lab, whose title is the page's h1; elsewhere the title's level is another.
 * @type {(html: string, level: number) => string}
 */
const atLevel = (html, level) => html.replace(/(<\/?h)([1-3])/g, (_, tag, lab) => tag + (Number(lab) + level - 1));

/** A term is a button, after which a line may break; its comma or full stop stays with it. @type {(html: string) => string} */
const unbroken = (html) =>
  html.replace(/(<button [^>]*class="term"[^>]*>[^<]*<\/button>)([.,:;)]+)/g, '<span class="unbroken">$1$2</span>');

/**
 * How many pixels of the window a CSS pixel of `element` fills, where the page enlarges it. WebKit does not tell: there,
 * what is enlarged is the stage.
 * @type {(element: Element) => number}
 */
export function zoomOf(element) {
  const stage = /** @type {HTMLElement} */ (element.closest(".stage"));
  return element.currentCSSZoom ?? Number(stage?.style.zoom || 1);
}

/** Where an element is in the window, in its own CSS pixels. @type {(element: Element) => { left: number, top: number, width: number, height: number }} */
export function boxOf(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  const zoom = element.currentCSSZoom ?? 1; // where this is missing, in WebKit, the box is in the element's own pixels
  return { left: left / zoom, top: top / zoom, width: width / zoom, height: height / zoom };
}

/** Remember the sizes of all canvases under `root`, to be called when the layout may have changed. @type {(root: Element) => void} */
export function measureCanvases(root) {
  for (const canvas of root.querySelectorAll("canvas")) boxes.set(canvas, [canvas.clientWidth, canvas.clientHeight, zoomOf(canvas)]);
}

/**
 * Fit the canvas to its box at the screen's own resolution; return a cleared context in CSS pixels, and the size.
 * @type {(canvas: HTMLCanvasElement) => { pen: Pen, width: number, height: number }}
 */
export function prepare(canvas) {
  const [width, height, zoom] = boxes.get(canvas) ?? [0, 0, 1];
  const ratio = (window.devicePixelRatio || 1) * zoom;
  const [inkWidth, inkHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== inkWidth || canvas.height !== inkHeight) {
    canvas.width = inkWidth;
    canvas.height = inkHeight;
    fonts.delete(canvas); // another size resets the context, its font included
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

const NAMES = /** @type {const} */ ([
  "paper",
  "ink",
  "ink2",
  "ink3",
  "line",
  "fill",
  "bar",
  "dot",
  "p",
  "q",
  "source",
  "target",
  "soft",
  "raises",
  "lowers",
]);

/** Read the colours of palette.css, so that the canvases follow the theme. @type {(root: Element) => Omit<Colours, "theme">} */
export function readColours(root) {
  const style = getComputedStyle(root);
  /** @type {(name: string) => string} */
  const value = (name) => style.getPropertyValue(`--${name}`).trim();
  /** @type {(name: string) => string[]} */
  const stops = (name) => value(name).split(/\s+/);
  /** @type {(name: string) => number} */
  const size = (name) => parseFloat(value(name));
  const flat = /** @type {Record<typeof NAMES[number], string>} */ (Object.fromEntries(NAMES.map((name) => [name, value(name)])));
  return {
    ...flat,
    diverging: colourTable(stops("diverging"), [-1, -0.66, -0.3, 0, 0.3, 0.66, 1]),
    partner: colourTable(stops("partner"), [0, 0.5, 1]),
    amount: colourTable(stops("amount"), [0, 0.5, 1]),
    font: style.fontFamily,
    size: { t1: size("t1"), t2: size("t2"), t3: size("t3") },
  };
}

const TABLE_SIZE = 511;

/** A colour as one number, in the byte order of ImageData. @type {(red: number, green: number, blue: number) => number} */
export const packed = (red, green, blue) => ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;

/** @type {(colour: number) => string} */
export const unpacked = (colour) => `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;

/** The channels of a colour "#rrggbb". @type {(hex: string) => [red: number, green: number, blue: number]} */
export const channelsOf = (hex) => [parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16)];

/**
 * Return TABLE_SIZE packed colours, interpolated between `stops` that stand at `places`, from the first to the last.
 * @type {(stops: string[], places: number[]) => Uint32Array}
 */
function colourTable(stops, places) {
  const rgb = stops.map(channelsOf);
  return Uint32Array.from({ length: TABLE_SIZE }, (_, entry) => {
    const at = places[0] + (entry / (TABLE_SIZE - 1)) * (places.at(-1) - places[0]);
    const right = Math.max(
      1,
      places.findIndex((place) => place >= at),
    );
    const share = (at - places[right - 1]) / (places[right] - places[right - 1]);
    const [red, green, blue] = rgb[right].map((end, channel) => rgb[right - 1][channel] + share * (end - rgb[right - 1][channel]));
    return packed(red, green, blue);
  });
}

/** The colour of `share`, from -1 to 1; what lies beyond takes the last colour. @type {(table: Uint32Array, share: number) => number} */
export function colourOf(table, share) {
  const clamped = clamp(share, -1, 1);
  return table[Math.round(((clamped + 1) / 2) * (TABLE_SIZE - 1))];
}

/** @type {WeakMap<HTMLCanvasElement, Uint32Array>} */
const ramps = new WeakMap(); // the table that each canvas shows; another theme or size comes with another table

/** Draw a whole table of colours, from left to right, if it is not there yet. @type {(canvas: HTMLCanvasElement, table: Uint32Array) => void} */
export function drawRamp(canvas, table) {
  if (ramps.get(canvas) === table) return;
  ramps.set(canvas, table);
  const { pen, width, height } = prepare(canvas);
  for (let x = 0; x < width; x++) {
    pen.fillStyle = unpacked(colourOf(table, (2 * x) / width - 1));
    pen.fillRect(x, 0, 1.5, height);
  }
}

/** @type {WeakMap<HTMLCanvasElement, { name: string, recording: Recording, small: OffscreenCanvas }>} */
const paintings = new WeakMap(); // what each canvas last painted, one dot a pixel, and under which name

/** The names of a pair's two pixels. */
export const PQ = /** @type {const} */ (["p", "q"]);

/**
 * Paint an image of `recording`'s size over the whole canvas, one square a pixel; return the pen and a pixel's width.
 * colour(pixel) gives packed colours; it is asked again only when `name`, which must tell all it depends on, changes.
 * @type {(canvas: HTMLCanvasElement, recording: Recording, name: string, colour: (pixel: number) => number) => { pen: Pen, cell: number }}
 */
export function paintPixels(canvas, recording, name, colour) {
  const { pen, width, height } = prepare(canvas);
  let painting = paintings.get(canvas);
  if (!painting || painting.name !== name || painting.recording !== recording) {
    painting = { name, recording, small: painting?.small ?? new OffscreenCanvas(recording.width, recording.height) };
    const smallPen = painting.small.getContext("2d");
    const data = smallPen.createImageData(recording.width, recording.height);
    const dots = new Uint32Array(data.data.buffer);
    for (let pixel = 0; pixel < recording.pixels; pixel++) dots[pixel] = colour(pixel);
    smallPen.putImageData(data, 0, 0);
    paintings.set(canvas, painting);
  }
  pen.imageSmoothingEnabled = false;
  pen.drawImage(painting.small, 0, 0, width, height);
  return { pen, cell: width / recording.width };
}

/** The middle of a pixel on a picture whose pixels are `cell` wide. @type {(recording: Recording, pixel: number, cell: number) => Point} */
export function middleOf(recording, pixel, cell) {
  return [((pixel % recording.width) + 0.5) * cell, (Math.floor(pixel / recording.width) + 0.5) * cell];
}

/** Mark the pixel pointed at: a white square inside a black one. @type {(pen: Pen, at: Point, size: number) => void} */
export function pointer(pen, [x, y], size) {
  for (const { grow, colour } of [
    { grow: 1.5, colour: "#000" },
    { grow: 0, colour: "#fff" },
  ]) {
    pen.lineWidth = 1.5;
    pen.strokeStyle = colour;
    pen.strokeRect(x - size / 2 - grow, y - size / 2 - grow, size + 2 * grow, size + 2 * grow);
  }
}

/** @type {(value: number, lowest: number, highest: number) => number} */
export const clamp = (value, lowest, highest) => Math.max(lowest, Math.min(highest, value));

/** @type {WeakMap<HTMLCanvasElement, string>} */
const fonts = new WeakMap(); // the font set on each canvas

/** Set the font, unless it is set already: each setting makes the browser look it up again. @type {(pen: Pen, font: string) => void} */
export function setFont(pen, font) {
  if (fonts.get(pen.canvas) === font) return;
  pen.font = font;
  fonts.set(pen.canvas, font);
}

/**
 * Write text with a halo of paper, so that it reads on dots and lines.
 * @type {(pen: Pen, text: string, x: number, y: number, style: TextStyle) => void}
 */
export function write(pen, text, x, y, { size, colour, font, halo, align = "left", weight = 400 }) {
  setFont(pen, `${weight} ${size}px ${font}`);
  pen.textAlign = align;
  pen.textBaseline = "alphabetic";
  if (halo) {
    pen.lineJoin = "round";
    pen.lineWidth = 4;
    pen.strokeStyle = halo;
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}
