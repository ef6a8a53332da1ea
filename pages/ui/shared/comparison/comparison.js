// The comparison: several attacks on one digit, drawn side by side and stepped together, without asking the server.
// The data is laid out by pages/ui/shared/comparison/__init__.py; every number is shown as Python wrote it.

import { isDark, listenForKeys, showControls } from "../../../../jsma/stage/scripts/controls.js";
import { createSpeaker } from "../../../../jsma/stage/scripts/speech.js";
import { mounted } from "../../mounted.js";

/** @import { Find } from "../../../../jsma/stage/scripts/types.js" */

const TINT = [168, 139, 245]; // a changed pixel; as on the stage
const STEP_MS = 400;
const CALM_STEP_MS = 1200; // for those who want less motion

export default function ({ data, parentElement }) {
  const [comparison, end] = mounted(parentElement, () => createComparison(parentElement.querySelector(".comparison")));
  comparison.receive(data);
  return end;
}

function createComparison(root) {
  const find = (selector) => root.querySelector(selector);
  const part = (name) => find(`[data-testid="comparison-${name}"]`);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const speaker = createSpeaker(find(".spoken"));
  let data = null;
  let pictures = []; // for every trace and iteration, the colours of the picture
  let cards = [];
  let k = 0;
  let last = 0;
  let timer = null;

  /** Take what Python sent: another digit begins where Python says; with other rules the viewer stays where they are. */
  function receive(message) {
    const same = data && data.subject === message.subject;
    if (!data || data.name !== message.name) {
      data = message;
      pictures = data.traces.map((trace) => picturesOf(data.original, trace.steps));
      cards = data.traces.map((trace, at) => createCard(trace, at, data));
      find(".cards").replaceChildren(...cards.map((card) => card.element));
      root.style.setProperty("--count", cards.length);
      last = Math.max(...data.traces.map((trace) => trace.steps.length - 1));
    }
    if (!same) pause();
    k = Math.min(same ? k : data.start, last);
    arrange();
    render();
  }

  function arrange() {
    root.dataset.theme = isDark(root) ? "dark" : "light";
    root.toggleAttribute("data-narrow", root.clientWidth > 0 && root.clientWidth < 560);
  }

  function render() {
    root.dataset.iteration = k;
    root.dataset.iterations = last;
    part("where").innerHTML = `Iteration <b>${k}</b> of ${last}`;
    showControls(part, { k, last, playing: timer !== null, canPlay: last > 0 }); // from the end it begins again
    cards.forEach((card, at) => card.draw(k, pictures[at]));
    if (timer === null) speaker.say(spoken());
    else speaker.sayInTime(spoken());
  }

  function spoken() {
    const done = data.traces.filter((trace) => k >= trace.steps.length - 1);
    const won = done.filter((trace) => trace.success).length;
    return `Iteration ${k} of ${last}. ${won} of ${data.traces.length} have reached the target, ${done.length - won} have failed.`;
  }

  function go(to) {
    k = Math.max(0, Math.min(last, to));
    if (k === last) pause();
    render();
  }

  function pause() {
    clearInterval(timer);
    timer = null;
  }

  function toggle() {
    if (timer !== null) pause();
    else {
      if (k === last) k = 0;
      timer = setInterval(() => go(k + 1), calm.matches ? CALM_STEP_MS : STEP_MS);
    }
    render();
  }

  const moves = { start: () => 0, back: () => k - 1, step: () => k + 1, end: () => last };
  const acts = Object.fromEntries(Object.entries(moves).map(([name, to]) => [name, () => (pause(), go(to()))]));
  acts.play = () => last > 0 && toggle();
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) acts[button.dataset.testid.replace("comparison-", "")]();
  });
  part("slider").addEventListener("input", (event) => (pause(), go(Number(event.target.value))));
  const stopListening = listenForKeys(root, {
    ArrowRight: acts.step,
    ArrowLeft: acts.back,
    Home: acts.start,
    End: acts.end,
    " ": acts.play,
  });
  const resized = new ResizeObserver(() => root.clientWidth && arrange());
  resized.observe(root);

  function end() {
    pause();
    stopListening();
    resized.disconnect();
    speaker.end();
  }

  return { receive, end };
}

/** Return the picture after every step as RGBA bytes; a pixel that was ever moved is tinted. */
function picturesOf(original, steps) {
  const colours = new Uint8ClampedArray(original.length * 4);
  /** @type {(pixel: number, colour: number[]) => void} */
  const paint = (pixel, [red, green, blue]) => colours.set([red, green, blue, 255], 4 * pixel);
  original.forEach((value, pixel) => paint(pixel, Array(3).fill(14 + 241 * value)));
  return steps.map(({ moves }) => {
    for (const [pixel, value] of moves)
      paint(
        pixel,
        TINT.map((channel) => channel * (0.4 + 0.6 * value)),
      );
    return colours.slice();
  });
}

function createCard(trace, at, { width, height, target }) {
  const element = document.createElement("li");
  element.className = "card";
  element.dataset.testid = `comparison-card-${at}`;
  element.innerHTML = `
    <h3><span class="sign"></span><span class="label"></span></h3>
    <div>
      <canvas width="${width}" height="${height}" role="img" data-testid="comparison-image-${at}"></canvas>
      <p class="reading">reads <b class="pill" data-testid="comparison-reads-${at}"></b> <span data-testid="comparison-sure-${at}"></span></p>
      <p>target ${target}: <b data-testid="comparison-target-${at}"></b></p>
      <span class="meter" aria-hidden="true"><i></i></span>
      <p><b data-testid="comparison-changed-${at}"></b> changed</p>
    </div>
    <p class="status" data-testid="comparison-status-${at}"></p>`;
  /** @type {Find} */
  const part = (name) => element.querySelector(`[data-testid="comparison-${name}-${at}"]`);
  element.querySelector(".label").textContent = trace.label;
  element.querySelector(".sign").innerHTML = trace.sign;
  const pen = part("image").getContext("2d");
  return {
    element,
    draw(k, pictures) {
      const last = trace.steps.length - 1;
      const done = k >= last;
      const now = Math.min(k, last);
      const step = trace.steps[now];
      pen.putImageData(new ImageData(pictures[now], width, height), 0, 0);
      part("reads").textContent = step.reads;
      part("sure").textContent = `${step.sure} sure`;
      part("target").textContent = step.target;
      part("changed").textContent = step.changed;
      part("status").textContent = done ? trace.end : "on its way";
      part("status").className = `status ${done ? "done" : ""} ${done && trace.success ? "success" : ""}`;
      element.dataset.iteration = `${now}`;
      element.toggleAttribute("data-done", done);
      element.querySelector(".reading").classList.toggle("is-target", step.reads === target);
      /** @type {HTMLElement} */ (element.querySelector(".meter i")).style.width = `${100 * step.share}%`;
      const words = `${trace.label}, iteration ${now}: reads ${step.reads}, ${step.sure} sure, ${step.changed} changed.`;
      part("image").setAttribute("aria-label", words);
    },
  };
}
