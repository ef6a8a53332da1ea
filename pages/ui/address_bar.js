// Keeps the address of the page up to date without an entry in the browser's history: the step that the viewer has
// reached, and what the link that opened the page left out. What the visitor chooses is a new entry: Python writes it.

/** @typedef {{ known: Record<string, string>, wanted: Record<string, string>, names: string[] }} Wish */

/** @type {(mount: { data: Wish[] }) => void} */
export default function ({ data: [wish] }) {
  const query = renewed(location.search, wish);
  if (query !== null && query !== location.search) history.replaceState(history.state, "", query + location.hash);
}

/**
 * Return the query that says what is wanted; null where the address is of another choice, as after Back.
 * known: what the address said of `names` when Python read it; other parameters stay as they are.
 * @type {(search: string, wish: Wish) => string | null}
 */
export function renewed(search, { known, wanted, names }) {
  const query = new URLSearchParams(search);
  const says = Object.fromEntries(names.filter((name) => query.has(name)).map((name) => [name, query.get(name)]));
  const same = (other) => names.every((name) => name === "step" || says[name] === other[name]);
  if (!same(known) && !same(wanted)) return null;
  for (const name of names) name in wanted ? query.set(name, wanted[name]) : query.delete(name);
  return `?${query}`;
}
