// Playing: step after step at some pace, or in slow motion, where every iteration is shown in its three parts.

/** @import { Phase, View } from "./types.js" */

const STEP_MS = 700;
const PART_MS = 1300;
const FRAME_MS = 30;

/** When the beats of each part of an iteration fall, as shares of the part. */
/** @type {Record<Phase["part"], number[]>} */
const BEATS = {
  1: [0], // Jacobian: the maps light up one after the other
  2: [0, 0.4, 0.5, 0.62, 0.75, 0.88], // saliency: dots glide; p and q; their line and α; β; the score; the runners-up
  3: [0, 0.3, 0.6, 0.85], // perturb: both pixels turn; the forecast; what happened; the answer
};

/**
 * Whether the viewer has got as far as a beat; outside slow motion everything is shown.
 * @type {(view: Pick<View, "phase">, part: Phase["part"], beat: number) => boolean}
 */
export function beatReached({ phase }, part, beat) {
  return !phase || phase.part > part || (phase.part === part && phase.beat >= beat);
}

/**
 * Return a player. act: step() goes on by one iteration, show(phase) draws a moment of slow motion, or with null the
 * whole step. Pace is "1" or "slow 1": how many times the usual speed.
 * @type {(act: { step(): void, show(phase: Phase | null): void }) => { playing: boolean, play(pace: string): void, pause(): void, rewind(): void }}
 */
export function createPlayer({ step, show }) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {number | ReturnType<typeof setTimeout>} */
  let timer = null;
  let elapsed = 0; // within the iteration shown in slow motion

  /** @type {(speed: number, before: number) => void} */
  function slowFrame(speed, before) {
    const now = performance.now();
    elapsed += (now - before) * speed;
    if (elapsed >= 3 * PART_MS) {
      elapsed = 0;
      step();
    }
    if (timer === null) return; // that was the last step
    show(phaseAt(elapsed));
    timer = setTimeout(() => requestAnimationFrame(() => timer !== null && slowFrame(speed, now)), FRAME_MS);
  }

  /** @type {(time: number) => Phase} */
  function phaseAt(time) {
    const part = /** @type {Phase["part"]} */ (1 + Math.floor(time / PART_MS));
    const share = (time % PART_MS) / PART_MS;
    return { part, share: calm.matches ? 1 : share, beat: BEATS[part].filter((at) => at <= share).length };
  }

  return {
    get playing() {
      return timer !== null;
    },
    play(pace) {
      const [speed, slow] = [Number(pace.replace("slow ", "")), pace.startsWith("slow")];
      if (!slow) {
        timer = setInterval(step, STEP_MS / speed);
        return;
      }
      timer = 0;
      slowFrame(speed, performance.now());
    },
    /** Stop where we are; slow motion goes on from there. */
    pause() {
      clearInterval(timer);
      clearTimeout(timer);
      timer = null;
    },
    /** Forget how far into the iteration slow motion was. */
    rewind() {
      elapsed = 0;
    },
  };
}

/** Hide what slow motion has not come to yet, and mark the part at work. @type {(root: HTMLElement, view: View) => void} */
export function markBeats(root, view) {
  const { phase } = view;
  root.toggleAttribute("data-slow", Boolean(phase));
  root.dataset.part = `${phase?.part ?? ""}`;
  root.dataset.beat = `${phase?.beat ?? ""}`;
  for (let beat = 3; beat <= 6; beat++) {
    const parts = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(`.beat-${beat}`));
    for (const part of parts) part.style.visibility = beatReached(view, 2, beat) ? "" : "hidden";
  }
}
