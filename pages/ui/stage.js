// Mounts the stage in Streamlit's page, with a button that copies the link to the step shown.

import { createStage } from "../../jsma/stage/scripts/stage.js";
import { offerGuide } from "./guide.js";
import { readMessage } from "./message.js";
import { mounted } from "./mounted.js";
import { keepPredictions, keptPredictions } from "./predictions.js";
import { offerPresent } from "./present.js";
import { offerPickers } from "./title_pickers.js";

/** @import { Stage } from "../../jsma/stage/scripts/types.js" */

/** @type {(mount: { data: Uint8Array<ArrayBuffer>, parentElement: Element, setStateValue(name: string, value: object): void }) => () => void} */
export default function ({ data, parentElement, setStateValue }) {
  const [stage, end] = mounted(parentElement, () => mountStage(parentElement.querySelector(".stage")));
  stage.report = (settled) => setStateValue("settled", settled);
  const { head, content } = readMessage(data);
  stage.receive(head, content);
  return end;
}

/** @type {(root: HTMLElement) => Stage} */
function mountStage(root) {
  /** @type {HTMLElement} */
  const copy = root.querySelector(".copy");
  copy.addEventListener("click", () => copyLink(copy, root.dataset.iteration));
  const guide = offerGuide(root);
  const [stage, present, pickers] = [createStage(root), offerPresent(root), offerPickers(root)];
  const { end, receive } = stage;
  return Object.assign(stage, {
    recall: keptPredictions,
    remember: keepPredictions,
    receive: (setting, payload) => (receive(setting, payload), pickers.mark(), setting.level === 1 && guide.welcome()),
    end: () => (guide.end(), present.end(), pickers.end(), end()),
  });
}

/** Put the link to step k on the clipboard, and say so on the button. @type {(button: HTMLElement, k: string) => Promise<void>} */
async function copyLink(button, k) {
  const link = new URL(window.location.href);
  link.searchParams.set("step", k);
  let copied = true;
  try {
    await navigator.clipboard.writeText(link.href);
  } catch {
    copied = copyTheOldWay(link.href); // browsers offer the clipboard to pages of this machine or of https only
  }
  const missing = notCarried(link.searchParams);
  button.textContent = copied ? `Copied${missing}` : "Copy it from the address bar";
  setTimeout(() => (button.textContent = "Copy link"), missing ? 6000 : 2000);
}

/** What of one's own a link cannot carry, in words. @type {(query: URLSearchParams) => string} */
function notCarried(query) {
  const own = Object.entries({ data: "digit", model: "network" }).filter(([name]) => query.get(name) === "own");
  return own.length ? `, but your own ${own.map(([, what]) => what).join(" and ")} stays in this browser` : "";
}

/** Return whether it could be copied. @type {(text: string) => boolean} */
function copyTheOldWay(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
}
