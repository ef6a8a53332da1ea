// Pages that the browser translates: what Streamlit changes is shown, though a translator has replaced its text.
// Streamlit keeps its text nodes and writes into them. A translator puts a <font> in the place of each, so that what is
// written later would not be seen: then the text node goes back to its place, where it is translated anew.

import { mounted } from "../mounted.js";

export default function ({ parentElement }) {
  const app = parentElement.ownerDocument.querySelector("[data-testid=stApp]");
  const [, end] = mounted(parentElement, () => showChanges(app));
  return end;
}

/** @param {Element} app */
function showChanges(app) {
  /** @type {WeakMap<Node, Element>} */
  const substitutes = new WeakMap(); // by text node, what stands in its place

  const written = new MutationObserver((records) => {
    for (const { target } of records) {
      if (!target.isConnected) substitutes.get(target)?.replaceWith(target);
    }
  });
  const replaced = new MutationObserver((records) => {
    for (const record of records) {
      const substitute = [...record.addedNodes, record.previousSibling, record.nextSibling].find(isFont);
      const texts = substitute ? [...record.removedNodes].filter((node) => node.nodeType === Node.TEXT_NODE) : [];
      for (const text of texts) {
        substitutes.set(text, /** @type {Element} */ (substitute));
        written.observe(text, { characterData: true });
      }
    }
  });
  replaced.observe(app, { childList: true, subtree: true });

  return {
    end() {
      replaced.disconnect();
      written.disconnect();
    },
  };
}

/** @param {Node | null} node */
const isFont = (node) => node?.nodeName === "FONT";
