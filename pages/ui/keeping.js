// Keeps a visitor's own digits and network in this browser: digits as text in localStorage, weights in IndexedDB.

import { readMessage } from "./message.js";

const DIGITS = "jsma own digits";
const DATABASE = "jsma";
const STORE = "networks";

/** @typedef {{ ask: boolean, awaited: boolean, forgotten: number, digits: string | null, network: { key: string } | null }} Wish */

let forgotten = 0;

/** @type {(mount: { data: Uint8Array<ArrayBuffer>, setTriggerValue(name: string, value: string): void }) => void} */
export default function ({ data, setTriggerValue }) {
  const { head, content } = readMessage(data);
  work(head, content, setTriggerValue).catch(() => {
    // No storage in this browser: what is one's own lasts as long as the window.
    if (head.awaited) setTriggerValue("kept", "{}");
    else if (head.network && content.length) setTriggerValue("stored", head.network.key); // not to be sent again
  });
}

async function work(/** @type {Wish} */ { ask, awaited, forgotten: times, digits, network }, weights, setTriggerValue) {
  if (ask) {
    const kept = { digits: localStorage.getItem(DIGITS), network: await readNetwork() };
    // An answer makes the server draw the page once more, which most have no need for.
    if (awaited || kept.digits || kept.network) setTriggerValue("kept", JSON.stringify(kept));
    return;
  }
  if (times > forgotten) {
    forgotten = times;
    for (const name of Object.keys(localStorage).filter((each) => each.startsWith("jsma"))) localStorage.removeItem(name);
    await inStore("readwrite", (store) => store.clear());
  }
  if (digits && digits !== localStorage.getItem(DIGITS)) localStorage.setItem(DIGITS, digits);
  if (!network || !weights.length) return;
  await inStore("readwrite", (store) => store.put({ facts: network, weights: weights.slice() }, "own"));
  setTriggerValue("stored", network.key);
}

/** The network that is kept, its weights as base64; null where there is none. */
async function readNetwork() {
  const kept = await inStore("readonly", (store) => store.get("own")).catch(() => null);
  if (!kept) return null;
  const address = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(new Blob([kept.weights]));
  });
  return { ...kept.facts, weights: address.slice(address.indexOf(",") + 1) };
}

/** @type {(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest) => Promise<any>} */
function inStore(mode, ask) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const change = opening.result.transaction(STORE, mode);
      const asked = ask(change.objectStore(STORE));
      change.oncomplete = () => (opening.result.close(), resolve(asked.result));
      change.onabort = () => (opening.result.close(), reject(change.error));
    };
  });
}
