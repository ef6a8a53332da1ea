// The stage itself: it holds the recording and the viewer's place in it, and redraws its views when either changes.

const SETTLE_MS = 300; // Python is told a step once the viewer has stayed on it so long
const PLAY_MS = 700;

const mounts = new WeakMap(); // one stage per mounted root; Streamlit calls again at every rerun

export default function ({ data, parentElement, setStateValue }) {
  let stage = mounts.get(parentElement);
  if (!stage) mounts.set(parentElement, (stage = createStage(parentElement.querySelector(".stage"))));
  stage.report = (settled) => setStateValue("settled", settled);
  stage.receive(data);
}

function createStage(root) {
  const find = (selector) => root.querySelector(selector);
  const views = {
    picture: createPicture(find),
    maps: createMaps(find, root.ownerDocument),
    plane: createPlane(find),
    card: createCard(find),
    perturb: createPerturb(find),
    reading: createReading(find),
  };
  const view = { k: 0, pixel: null, scope: "step", colours: null, layout: "desk" };
  const stage = { report: () => {}, receive };
  let recording = null;
  let setting = null;
  let settling = null;
  let playing = null;

  function receive(bytes) {
    const message = readMessage(bytes);
    const sameRecording = recording && setting.recording === message.setting.recording;
    const sameVisit = sameRecording && setting.visit === message.setting.visit;
    setting = message.setting;
    if (!sameRecording) {
      pause();
      recording = readRecording(message.payload);
      view.pixel = null;
      for (const drawn of Object.values(views)) drawn.build?.(recording);
    }
    if (!sameVisit) {
      clearTimeout(settling); // a step of the recording before must not be reported for this one
      view.k = clamp(setting.start, 0, recording.last);
    }
    for (const section of root.querySelectorAll("[data-view]")) section.hidden = !setting.views.includes(section.dataset.view);
    arrange();
    render();
  }

  /** Choose the layout for the room there is, and read the theme's colours. */
  function arrange() {
    const width = root.clientWidth;
    view.layout = width < 860 ? "phone" : width >= 1160 && window.innerHeight < 800 ? "projector" : "desk";
    root.dataset.layout = view.layout;
    root.toggleAttribute("data-tight", view.layout === "desk" && width < 1060);
    root.dataset.theme = isDark(root) ? "dark" : "light";
    view.colours = { ...readColours(root), theme: root.dataset.theme };
    measureCanvases(root);
    views.maps.measure();
  }

  function render() {
    const step = recording.steps[view.k];
    root.dataset.iteration = view.k;
    root.dataset.iterations = recording.last;
    find(".title").innerHTML = titleHtml(recording, view.k);
    find(".count").innerHTML = `Iteration <b>${view.k}</b> of ${recording.last}`;
    find(".used").innerHTML = `<b>${step.changed}</b> of ${recording.budget} pixels used`;
    find(".budget i").style.width = `${(100 * step.changed) / Math.max(1, recording.budget)}%`;
    find(".spoken").textContent = spokenStep(recording, view.k);
    renderTransport();
    renderReadout();
    for (const drawn of Object.values(views)) drawn.draw(recording, view);
  }

  function renderTransport() {
    const slider = find('[data-testid="stage-slider"]');
    slider.max = recording.last;
    slider.value = view.k;
    slider.disabled = recording.last === 0;
    slider.style.setProperty("--share", recording.last ? view.k / recording.last : 0);
    slider.setAttribute("aria-valuetext", `Iteration ${view.k} of ${recording.last}`);
    const [atStart, atEnd] = [view.k === 0, view.k === recording.last];
    for (const name of ["start", "back"]) button(name).disabled = atStart;
    for (const name of ["step", "end", "play"]) button(name).disabled = atEnd;
    button("play").classList.toggle("is-playing", playing !== null);
    button("play").setAttribute("aria-label", playing === null ? "Play" : "Pause");
    drawTicks(find(".ticks"), recording.last, view);
    for (const choice of root.querySelectorAll("[data-scope]")) choice.setAttribute("aria-checked", choice.dataset.scope === view.scope);
  }

  /** One line on the pixel pointed at, or on p, or at the end on nothing. */
  function renderReadout() {
    const pixel = view.pixel ?? recording.steps[view.k].pair?.first ?? null;
    find(".readout").innerHTML =
      pixel === null
        ? "Point at a pixel to read its numbers."
        : pixelFacts(recording, view.k, pixel).map(([name, value]) => `<span>${name} <b>${value}</b></span>`).join("");
  }

  function go(k) {
    const next = clamp(k, 0, recording.last);
    if (next === view.k) return;
    view.k = next;
    if (next === recording.last) pause();
    render();
    clearTimeout(settling);
    settling = setTimeout(() => stage.report({ recording: setting.recording, visit: setting.visit, step: view.k }), SETTLE_MS);
  }

  function play() {
    playing = setInterval(() => go(view.k + 1), PLAY_MS);
    renderTransport();
  }

  function pause() {
    if (playing === null) return;
    clearInterval(playing);
    playing = null;
    renderTransport();
  }

  const toggle = () => (playing === null && view.k < recording.last ? play() : pause());
  const button = (name) => find(`[data-testid="stage-${name}"]`);

  function point(pixel) {
    if (pixel === view.pixel) return;
    view.pixel = pixel;
    renderReadout();
    for (const name of ["picture", "maps", "plane"]) views[name].draw(recording, view);
  }

  const acts = { start: () => go(0), back: () => go(view.k - 1), step: () => go(view.k + 1), end: () => go(recording.last) };
  for (const [name, act] of Object.entries(acts)) {
    button(name).addEventListener("click", () => {
      pause();
      act();
    });
  }
  button("play").addEventListener("click", toggle);
  find('[data-testid="stage-slider"]').addEventListener("input", (event) => {
    pause();
    go(Number(event.target.value));
  });
  for (const choice of root.querySelectorAll("[data-scope]")) {
    choice.addEventListener("click", () => {
      view.scope = choice.dataset.scope;
      render();
    });
  }

  listenForKeys(root, { ArrowRight: acts.step, ArrowLeft: acts.back, Home: acts.start, End: acts.end, " ": toggle }, pause);
  listenForPointing(root, find, views, () => ({ recording, view }), point);
  closeExplanations(root);
  new ResizeObserver(() => {
    if (!recording || !root.clientWidth) return;
    arrange();
    render();
  }).observe(root);
  document.fonts?.ready.then(() => recording && render());
  return stage;
}

/** Marks under the slider, one per iteration; those to come are pale. */
function drawTicks(canvas, last, { k, colours }) {
  const { pen, width } = prepare(canvas);
  for (let at = 0; at <= last; at++) {
    pen.fillStyle = at <= k ? colours.ink3 : colours.bar;
    pen.fillRect(8 + (last ? at / last : 0) * (width - 16) - 0.5, 0, 1, 4);
  }
}

/** Arrow keys step wherever the focus is, unless something there has its own use for them. */
function listenForKeys(root, acts, pause) {
  const document = root.ownerDocument;
  function onKey(event) {
    if (!root.isConnected) return document.removeEventListener("keydown", onKey);
    const act = acts[event.key];
    const focused = event.composedPath()[0];
    if (!act || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    const inStage = root.contains(focused);
    if (focused !== document.body && !inStage) return;
    if (inStage && event.key === " " && focused.matches("button, summary, input")) return;
    if (focused.matches("input")) return;
    event.preventDefault();
    if (event.key !== " ") pause();
    act();
  }
  document.addEventListener("keydown", onKey);
}

/** Pointing at a pixel anywhere marks it everywhere. A tap marks too. */
function listenForPointing(root, find, views, now, point) {
  const onGrid = (canvas, event) => {
    const { recording } = now();
    const box = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * recording.width);
    const row = Math.floor(((event.clientY - box.top) / box.height) * recording.height);
    const inside = column >= 0 && column < recording.width && row >= 0 && row < recording.height;
    return inside ? row * recording.width + column : null;
  };
  const pixelUnder = (event) => {
    const { recording, view } = now();
    const canvas = event.target;
    if (canvas === find(".plane")) {
      const box = canvas.getBoundingClientRect();
      return views.plane.pixelAt(recording, view.k, event.clientX - box.left, event.clientY - box.top);
    }
    return canvas.matches(".now, .original, .maps canvas") ? onGrid(canvas, event) : null;
  };
  for (const kind of ["pointermove", "pointerdown"]) root.addEventListener(kind, (event) => point(pixelUnder(event)));
  root.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && point(null));
}

/** One explanation is open at a time; a click elsewhere or Escape closes it. */
function closeExplanations(root) {
  const close = (except) => {
    for (const open of root.querySelectorAll("details[open]")) if (open !== except) open.open = false;
  };
  root.addEventListener("click", (event) => close(event.target.closest("details")));
  root.addEventListener("keydown", (event) => event.key === "Escape" && close(null));
}

/** Whether Streamlit's theme is dark, from the colour it gives the page. */
function isDark(root) {
  const [red, green, blue] = getComputedStyle(root).backgroundColor.match(/[\d.]+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}
