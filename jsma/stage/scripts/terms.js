// Every term is explained in one click.

import { boxOf, clamp } from "./drawing.js";
import { GLOSSARY } from "./texts.js";

/** A word that explains itself when clicked: the glossary's `name`, shown as `text`. @type {(name: string, text?: string) => string} */
export function term(name, text = name) {
  return `<button type="button" class="term" aria-expanded="false" data-term="${name}">${text}</button>`;
}

/**
 * Show the explanation of a clicked term beside it; hide it on the next click elsewhere, or on Escape. Return terms,
 * whose render() is to be called when words were written anew: an explanation goes with its word.
 * @type {(root: HTMLElement) => { render(): void }}
 */
export function explainTerms(root) {
  /** @type {HTMLElement} */
  const note = root.querySelector(".term-note");
  /** @type {HTMLElement} */
  let explained = null; // the word whose explanation is shown

  function close() {
    note.hidden = true;
    explained?.removeAttribute("aria-describedby");
    explained?.setAttribute("aria-expanded", "false");
    explained = null;
  }

  /** @type {(word: HTMLElement) => void} */
  function open(word) {
    explained = word;
    note.innerHTML = `<b>${word.dataset.term}</b> ${GLOSSARY[word.dataset.term]}`;
    note.hidden = false;
    word.setAttribute("aria-describedby", note.id);
    word.setAttribute("aria-expanded", "true");
    placeBeside(root, note, word);
  }

  root.addEventListener("click", (event) => {
    const [word, before] = [/** @type {HTMLElement} */ (/** @type {Element} */ (event.target).closest(".term")), explained];
    close();
    if (word && word !== before) open(word);
  });
  root.addEventListener("keydown", (event) => event.key === "Escape" && close());
  return { render: () => explained?.isConnected === false && close() };
}

/** @type {(root: HTMLElement, note: HTMLElement, word: HTMLElement) => void} */
function placeBeside(root, note, word) {
  const [stage, at] = [boxOf(root), boxOf(word)];
  note.style.left = `${clamp(at.left - stage.left - 20, 0, stage.width - note.offsetWidth)}px`;
  note.style.top = `${at.top + at.height - stage.top + root.scrollTop + 6}px`;
}
