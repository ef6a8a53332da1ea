// Every term is explained in one click. GLOSSARY comes from pages/ui/glossary.py; stage/__init__.py puts it before all scripts.

/** A word that explains itself when clicked: the glossary's `name`, shown as `text`. */
function term(name, text = name) {
  return `<button type="button" class="term" data-term="${name}">${text}</button>`;
}

/** Show the explanation of a clicked term beside it; hide it on the next click elsewhere, or on Escape. */
function explainTerms(root) {
  const note = root.querySelector(".term-note");
  const close = () => (note.hidden = true);
  root.addEventListener("click", (event) => {
    const word = event.target.closest(".term");
    if (!word) return close();
    const again = !note.hidden && note.dataset.term === word.dataset.term;
    note.dataset.term = word.dataset.term;
    note.innerHTML = `<b>${word.dataset.term}</b> ${GLOSSARY[word.dataset.term]}`;
    note.hidden = again;
    placeBeside(root, note, word);
  });
  root.addEventListener("keydown", (event) => event.key === "Escape" && close());
}

function placeBeside(root, note, word) {
  const [stage, at] = [root.getBoundingClientRect(), word.getBoundingClientRect()];
  note.style.left = `${clamp(at.left - stage.left - 20, 0, stage.width - note.offsetWidth)}px`;
  note.style.top = `${at.bottom - stage.top + 6}px`;
}
