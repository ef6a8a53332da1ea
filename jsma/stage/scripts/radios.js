// Radio groups: each is one stop of the Tab key, and arrow keys go round in it and choose, as browsers' own do.

/** @type {(group: Element) => HTMLElement[]} */
const radiosOf = (group) => /** @type {HTMLElement[]} */ ([...group.children]);

/** Mark which radio button of a group is the chosen one. @type {(group: Element, value: string) => void} */
export function markChosen(group, value) {
  for (const radio of radiosOf(group)) {
    const chosen = radio.dataset.value === value;
    radio.setAttribute("aria-checked", `${chosen}`);
    radio.tabIndex = chosen ? 0 : -1;
  }
}

/** @type {Record<string, number>} */
const WAYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** @type {(root: HTMLElement) => void} */
export function listenForRadios(root) {
  root.addEventListener("keydown", (event) => {
    const radio = /** @type {Element} */ (event.target).closest("[role=radio]");
    if (!radio || !(event.key in WAYS) || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = radiosOf(radio.parentElement);
    const next = all[(all.indexOf(/** @type {HTMLElement} */ (radio)) + WAYS[event.key] + all.length) % all.length];
    event.preventDefault();
    next.focus();
    next.click();
  });
}
