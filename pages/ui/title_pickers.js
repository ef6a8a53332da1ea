// In the title, the digit and the target are pickers: each opens ten digits to choose from.

import { sidebarButton } from "./sidebar_buttons.js";

const CHOICE_OF = /** @type {const} */ ({ source: "digit", target: "target" });

/** Make the title's digits of a stage pickers, where the page has buttons for them. @type {(root: HTMLElement) => { mark(): void, end(): void }} */
export function offerPickers(root) {
  const document = root.ownerDocument;
  /** @type {HTMLElement} */
  const menu = root.querySelector(".picker-menu");
  /** @type {HTMLElement} */
  let opener = null;

  /** Say that they can be chosen from, whenever the title is written anew. */
  function mark() {
    for (const [name, what] of Object.entries(CHOICE_OF)) {
      const pill = root.querySelector(`.title .pill.${name}`);
      if (!pill || pill.hasAttribute("role") || !sidebarButton(document, what, pill.textContent)) continue;
      const looks = { role: "button", tabindex: "0", "aria-haspopup": "true", "data-choose": what, title: `Choose another ${what}` };
      for (const [attribute, value] of Object.entries(looks)) pill.setAttribute(attribute, value);
      pill.setAttribute("aria-label", `${pill.textContent}: choose another ${what}`);
    }
  }

  /** @type {(pill: HTMLElement) => void} */
  function open(pill) {
    opener = pill;
    const what = /** @type {"digit" | "target"} */ (pill.dataset.choose);
    menu.setAttribute("aria-label", `Choose another ${what}`);
    menu.innerHTML = Array.from({ length: 10 }, (_, digit) => {
      const button = sidebarButton(document, what, digit);
      return button ? `<button data-digit="${digit}" ${button.disabled ? "disabled" : ""}>${digit}</button>` : "";
    }).join("");
    menu.hidden = false;
    menu.style.left = `${pill.offsetLeft}px`;
    /** @type {HTMLElement} */
    const first = menu.querySelector("button:enabled");
    first.focus({ preventScroll: true });
  }

  function close() {
    menu.hidden = true;
    opener = null;
  }

  /** @type {(event: Event) => void} */
  function onClick({ target }) {
    const element = /** @type {HTMLElement} */ (target);
    const [pill, digit] = [element.closest("[data-choose]"), element.closest(".picker-menu button")];
    if (digit) {
      const what = /** @type {"digit" | "target"} */ (opener.dataset.choose);
      sidebarButton(document, what, /** @type {HTMLElement} */ (digit).dataset.digit)?.click();
      opener.focus();
    }
    if (pill && menu.hidden) open(/** @type {HTMLElement} */ (pill));
    else close();
  }

  /** @type {(event: KeyboardEvent) => void} */
  function onKey(event) {
    const pill = /** @type {HTMLElement} */ (/** @type {Element} */ (event.target).closest("[data-choose]"));
    if (event.key === "Escape" && !menu.hidden) {
      opener.focus();
      close();
    } else if (pill && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      open(pill);
    }
  }

  root.addEventListener("click", onClick);
  root.addEventListener("keydown", onKey);
  const changes = new MutationObserver(mark);
  changes.observe(root.querySelector(".top"), { childList: true, subtree: true });
  return { mark, end: () => changes.disconnect() };
}
