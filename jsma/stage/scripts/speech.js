// What a screen reader is told: at once when the viewer acts, now and then while something moves by itself.

const SPEECH_MS = 2000;

/** Return a speaker for `region`, an element with aria-live. @type {(region: HTMLElement) => { say(words: string): void, sayInTime(words: string): void, end(): void }} */
export function createSpeaker(region) {
  let spoken = -Infinity; // when
  /** @type {ReturnType<typeof setTimeout>} */
  let timer = null;

  /** @type {(words: string) => void} */
  function say(words) {
    clearTimeout(timer);
    spoken = performance.now();
    if (region.textContent !== words) region.textContent = words;
  }

  return {
    say,
    /** Say it when SPEECH_MS have passed since the last sentence, unless there is something newer to say by then. */
    sayInTime(words) {
      clearTimeout(timer);
      timer = setTimeout(() => say(words), spoken + SPEECH_MS - performance.now());
    },
    end: () => clearTimeout(timer),
  };
}
