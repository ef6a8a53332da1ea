// Keeps a text in this browser, so that it is there after F5, a lost server, and tomorrow.

export default function ({ data, setStateValue }) {
  const [{ name, text, fresh }] = data;
  try {
    const kept = localStorage.getItem(`jsma ${name}`);
    if (fresh && kept && kept !== text) setStateValue("kept", kept);
    else if (text && text !== kept) localStorage.setItem(`jsma ${name}`, text);
  } catch {
    // no storage in this browser: it lasts as long as the page
  }
}
