// Pixels picked on pictures of one size: a click, or arrows and Enter, picks a pixel or gives it back.

/** @typedef {{ picks: number[], cursor: number, subject: string }} State */

/** @type {WeakMap<Element, State>} */
const states = new WeakMap(); // one a mounted root

/** @type {Record<string, [down: number, right: number]>} */
const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export default function ({ data, parentElement, setStateValue }) {
  const [{ pictures, width, height, most, subject }] = data;
  if (states.get(parentElement)?.subject !== subject) states.set(parentElement, { picks: [], cursor: 0, subject });
  const state = states.get(parentElement);
  const root = parentElement.querySelector(".picker");
  const status = parentElement.querySelector("p");
  const boards = pictures.map(({ name, url }) => boardOf(name, url));
  root.replaceChildren(...boards.map((board) => board.parentElement));
  draw();

  /** @type {(name: string, url: string) => HTMLElement} */
  function boardOf(name, url) {
    const figure = document.createElement("figure");
    figure.innerHTML = `<figcaption></figcaption><div class="board" role="application" tabindex="0"><img alt=""></div>`;
    figure.querySelector("figcaption").textContent = name;
    figure.querySelector("img").src = url;
    const board = /** @type {HTMLElement} */ (figure.querySelector(".board"));
    board.setAttribute("aria-label", `${name}: arrows move, Enter picks a pixel`);
    board.onclick = (event) => {
      const box = board.getBoundingClientRect();
      const column = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
      const row = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
      toggle(row * width + column);
    };
    board.onkeydown = (event) => {
      if (event.key === "Enter" || event.key === " ") toggle(state.cursor);
      else if (MOVES[event.key]) move(...MOVES[event.key]);
      else return;
      event.preventDefault();
    };
    return board;
  }

  /** @type {(down: number, right: number) => void} */
  function move(down, right) {
    const row = Math.min(height - 1, Math.max(0, Math.floor(state.cursor / width) + down));
    const column = Math.min(width - 1, Math.max(0, (state.cursor % width) + right));
    state.cursor = row * width + column;
    status.textContent = where(state.cursor);
    draw();
  }

  /** Pick a pixel or give it back; beyond the most, the oldest pick goes. @type {(pixel: number) => void} */
  function toggle(pixel) {
    const others = state.picks.filter((pick) => pick !== pixel);
    const picked = others.length === state.picks.length;
    state.picks = picked ? [...others, pixel].slice(-most) : others;
    state.cursor = pixel;
    status.textContent = `${picked ? "Picked" : "Given back"}: ${where(pixel)}`;
    draw();
    setStateValue("picks", state.picks);
  }

  /** @type {(pixel: number) => string} */
  function where(pixel) {
    return `row ${Math.floor(pixel / width)}, column ${pixel % width}`;
  }

  function draw() {
    const mark = (pixel, kind) => {
      const [top, left] = [Math.floor(pixel / width) / height, (pixel % width) / width];
      return `<i class="${kind}" style="left:${100 * left}%;top:${100 * top}%;width:${100 / width}%;height:${100 / height}%"></i>`;
    };
    for (const board of boards) {
      for (const old of board.querySelectorAll("i")) old.remove();
      board.insertAdjacentHTML("beforeend", state.picks.map((pixel) => mark(pixel, "pick")).join("") + mark(state.cursor, "cursor"));
    }
  }
}
