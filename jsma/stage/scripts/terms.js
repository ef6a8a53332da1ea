// Every term is explained in one click. GLOSSARY comes from jsma/glossary.py; pages/ui/stage.py puts it before all scripts.

/** A word that explains itself when clicked: the glossary's `name`, shown as `text`. */
function term(name, text = name) {
  return `<button type="button" class="term" aria-expanded="false" data-term="${name}">${text}</button>`;
}

/**
 * Show the explanation of a clicked term beside it; hide it on the next click elsewhere, or on Escape. Return terms,
 * whose render() is to be called when words were written anew: an explanation goes with its word.
 */
function explainTerms(root) {
  const note = root.querySelector(".term-note");
  let explained = null; // the word whose explanation is shown

  function close() {
    note.hidden = true;
    explained?.removeAttribute("aria-describedby");
    explained?.setAttribute("aria-expanded", "false");
    explained = null;
  }

  function open(word) {
    explained = word;
    note.innerHTML = `<b>${word.dataset.term}</b> ${GLOSSARY[word.dataset.term]}`;
    note.hidden = false;
    word.setAttribute("aria-describedby", note.id);
    word.setAttribute("aria-expanded", "true");
    placeBeside(root, note, word);
  }

  root.addEventListener("click", (event) => {
    const [word, before] = [event.target.closest(".term"), explained];
    close();
    if (word && word !== before) open(word);
  });
  root.addEventListener("keydown", (event) => event.key === "Escape" && close());
  return { render: () => explained?.isConnected === false && close() };
}

function placeBeside(root, note, word) {
  const [stage, at] = [root.getBoundingClientRect(), word.getBoundingClientRect()];
  note.style.left = `${clamp(at.left - stage.left - 20, 0, stage.width - note.offsetWidth)}px`;
  note.style.top = `${at.bottom - stage.top + 6}px`;
}
