// Asks the server about once a second whether a class has changed, and if so lets the page draw it.

const PATIENCE = 4000; // so long a page may take to draw a change before it is asked for again, in milliseconds

/** @type {WeakMap<Element, { seen: string, since: number }>} */
const asked = new WeakMap(); // the last change that was reported, by mounted root

export default function ({ data, parentElement, setTriggerValue }) {
  const [{ url, drawn, every }] = data;
  let [timer, ended] = [0, false];
  const again = () => {
    if (!ended) timer = window.setTimeout(ask, every * (0.8 + 0.4 * Math.random())); // not all at the same moment
  };

  async function ask() {
    try {
      const answer = await fetch(url, { cache: "no-store" });
      if (answer.ok) report(await answer.json());
    } catch {
      // no connection: it is asked for again, as long as the page is open
    }
    again();
  }

  /** @type {(pulse: { version: number, answered: number, here: number }) => void} */
  function report({ version, answered, here }) {
    const now = [version, answered, here].slice(0, drawn.length);
    const seen = JSON.stringify(now);
    const last = asked.get(parentElement);
    if (seen === JSON.stringify(drawn) || ended) return;
    if (last?.seen === seen && Date.now() - last.since < PATIENCE) return;
    asked.set(parentElement, { seen, since: Date.now() });
    setTriggerValue("changed", seen);
  }

  again();
  return () => {
    ended = true;
    window.clearTimeout(timer);
  };
}
