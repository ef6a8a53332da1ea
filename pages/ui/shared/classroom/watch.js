// Asks the server whether a class has changed since it was drawn, and if so lets the page draw it.

const PATIENCE = 4000; // so long a page may take to draw a change before it is asked for again, in milliseconds

/** @type {WeakMap<Element, { seen: string, since: number }>} */
const asked = new WeakMap(); // the last change that was reported, by mounted root

export default function ({ data, parentElement, setTriggerValue }) {
  const [{ url, drawn, every }] = data;
  const leaving = new AbortController();
  let timer = 0;
  const again = (milliseconds) => (timer = window.setTimeout(ask, milliseconds));
  const some = () => every * (0.8 + 0.4 * Math.random()); // not all at the same moment

  async function ask() {
    let changed = true;
    try {
      const answer = await fetch(`${url}&seen=${drawn.join(".")}`, { cache: "no-store", signal: leaving.signal });
      if (answer.ok) changed = report(await answer.json());
    } catch {
      // no connection: it is asked for again, as long as the page is open
    }
    if (!leaving.signal.aborted) again(changed ? some() : 0); // the server has waited already
  }

  /** Return whether this is not what is drawn. @type {(pulse: { version: number, answered: number, here: number }) => boolean} */
  function report({ version, answered, here }) {
    const seen = JSON.stringify([version, answered, here].slice(0, drawn.length));
    const last = asked.get(parentElement);
    if (seen === JSON.stringify(drawn)) return false;
    if (last?.seen === seen && Date.now() - last.since < PATIENCE) return true;
    asked.set(parentElement, { seen, since: Date.now() });
    setTriggerValue("changed", seen);
    return true;
  }

  again(drawn.length > 1 ? some() : 0); // a teacher's counts change all the time
  return () => {
    leaving.abort();
    window.clearTimeout(timer);
  };
}
