// Keeps the address of the page up to date without an entry in the browser's history: the step that the viewer has
// reached, and what the link that opened the page left out. What the visitor chooses is a new entry: Python writes it, or,
// for a widget that Streamlit binds to the address, this script.

/** @typedef {{ known: Record<string, string>, wanted: Record<string, string>, names: string[], entry: number }} Wish */

let shown = ""; // the query that this entry of the history had, before a widget that is bound to it wrote its own
let last = 0; // the number of the last choice that became an entry
globalThis.addEventListener?.("popstate", () => (shown = location.search));

/** @type {(mount: { data: Wish[] }) => void} */
export default function ({ data: [wish] }) {
  if (wish.entry > last && shown && shown !== location.search) keepEntryBefore();
  last = wish.entry;
  const query = renewed(location.search, wish);
  if (query !== null && query !== location.search) history.replaceState(history.state, "", query + location.hash);
  shown = location.search;
}

/** Make what Streamlit wrote over this entry one of its own, so that Back undoes the choice. */
function keepEntryBefore() {
  const chosen = location.search + location.hash;
  history.replaceState(history.state, "", shown + location.hash);
  history.pushState(history.state, "", chosen);
}

/**
 * Return the query that says what is wanted; null where the address is of another choice, as after Back.
 * known: what the address said of `names` when Python read it; other parameters stay as they are.
 * @type {(search: string, wish: Omit<Wish, "entry">) => string | null}
 */
export function renewed(search, { known, wanted, names }) {
  const query = new URLSearchParams(search);
  const says = Object.fromEntries(names.filter((name) => query.has(name)).map((name) => [name, query.get(name)]));
  const same = (other) => names.every((name) => name === "step" || says[name] === other[name]);
  if (!same(known) && !same(wanted)) return null;
  for (const name of names) name in wanted ? query.set(name, wanted[name]) : query.delete(name);
  return `?${query}`;
}
