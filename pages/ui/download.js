// A button that asks Python for a file and saves it. What Python sends is laid out by pages/ui/download.py:
// a line of JSON, then the file, if there is one.

import { readMessage } from "./message.js";

// By number, the files that this page has saved: the same data comes again when Streamlit draws the page anew.
const saved = (globalThis[Symbol.for("jsma files saved")] ??= new Set());

export default function ({ data, parentElement, setTriggerValue }) {
  const { head, content } = readMessage(data);
  const button = parentElement.querySelector("button");
  let askedAt = Number.NEGATIVE_INFINITY;
  button.removeAttribute("aria-busy");
  button.querySelector("span").textContent = head.label;
  parentElement.querySelector("p").textContent = head.problem ?? "";
  button.onclick = () => {
    if (performance.now() - askedAt < 1000 * head.patience) return; // a double click asks for one file only
    askedAt = performance.now();
    button.setAttribute("aria-busy", "true");
    setTriggerValue("asked", true);
  };
  if (head.number && !saved.has(head.number)) {
    saved.add(head.number);
    save(new Blob([content], { type: head.kind }), head.name);
    setTriggerValue("saved", true);
  }
}

function save(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000); // the browser may still ask where to save it
}
