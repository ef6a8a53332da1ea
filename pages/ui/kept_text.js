// Keeps the answers of a course in this browser, so that they are there after F5 and tomorrow.

const KEY = "jsma course";

export default function ({ data, setStateValue }) {
  const [{ answers, fresh }] = data;
  try {
    const kept = localStorage.getItem(KEY);
    if (fresh && kept) setStateValue("kept", kept);
    else if (answers !== kept) localStorage.setItem(KEY, answers);
  } catch {
    // no storage in this browser: the answers last as long as the page
  }
}
