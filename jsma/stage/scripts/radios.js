// Radio groups: each is one stop of the Tab key, and arrow keys go round in it and choose, as browsers' own do.

/** Mark which radio button of a group is the chosen one. */
function markChosen(group, value) {
  for (const radio of group.children) {
    const chosen = radio.dataset.value === value;
    radio.setAttribute("aria-checked", chosen);
    radio.tabIndex = chosen ? 0 : -1;
  }
}

const WAYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function listenForRadios(root) {
  root.addEventListener("keydown", (event) => {
    const radio = event.target.closest("[role=radio]");
    if (!radio || !(event.key in WAYS) || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...radio.parentElement.children];
    const next = all[(all.indexOf(radio) + WAYS[event.key] + all.length) % all.length];
    event.preventDefault();
    next.focus();
    next.click();
  });
}
