// On a phone the sidebar lies over the page as a drawer; it closes when a page is chosen in it.

import { mounted } from "./mounted.js";

/** @type {(mount: { parentElement: Element }) => () => void} */
export default function ({ parentElement }) {
  const [, end] = mounted(parentElement, () => watch(parentElement.ownerDocument));
  return end;
}

/** @type {(document: Document) => { end(): void }} */
function watch(document) {
  /** @type {(event: MouseEvent) => void} */
  function close({ target }) {
    const drawer = document.querySelector("[data-testid=stSidebar]");
    const page = document.querySelector("[data-testid=stMain]");
    const chosen = /** @type {Element} */ (target).closest("[data-testid=stSidebar] a");
    if (!chosen || drawer.getBoundingClientRect().right <= page.getBoundingClientRect().left) return;
    /** @type {HTMLElement} */
    const button = drawer.querySelector("[data-testid=stSidebarCollapseButton] button");
    button.click();
  }
  document.addEventListener("click", close);
  return { end: () => document.removeEventListener("click", close) };
}
