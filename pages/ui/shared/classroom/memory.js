// Keeps in this browser which class one is a member of, so that one is the same after F5 or a lost server.

const KEY = "jsma class";

export default function ({ data, setStateValue }) {
  const [{ record, fresh }] = data;
  try {
    const kept = localStorage.getItem(KEY);
    if (fresh && kept) setStateValue("kept", kept);
    else if (record && record !== kept) localStorage.setItem(KEY, record);
  } catch {
    // no storage in this browser: the membership lasts as long as the page
  }
}
