// The sidebar's buttons for the digit and the target, which other parts of the page press, too.

/** The button that chooses `digit` as what: null where this page has none. @type {(document: Document, what: "digit" | "target", digit: number | string) => HTMLButtonElement | null} */
export const sidebarButton = (document, what, digit) => document.querySelector(`.st-key-${what}-${digit} button`);
