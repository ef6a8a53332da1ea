// A page of its own, made by jsma/stage/page.py: the stage, with the recording and how to show it written into the page.

import { createStage } from "./stage.js";

/** @type {(id: string) => string} */
const textOf = (id) => document.getElementById(id).textContent;

/** Show the recording; again when the browser's theme changes. */
function showRecording() {
  const setting = JSON.parse(textOf("setting"));
  const payload = Uint8Array.from(atob(textOf("recording")), (letter) => letter.charCodeAt(0));
  const stage = createStage(document.querySelector(".stage"));
  const show = () => stage.receive(setting, payload);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
}

showRecording();
