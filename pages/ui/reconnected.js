// After a restart of the server, Streamlit's page reconnects and then waits, but the server has no session for it:
// the first click would be lost. So this asks for a run as soon as the page is connected again, and says what the address
// bar says: Streamlit knows the address that Python wrote, not the step that the viewer has reached since.

export default function ({ setTriggerValue }) {
  /** @type {HTMLElement} */
  const app = document.querySelector("[data-testid='stApp']");
  const connected = () => app.dataset.testConnectionState === "CONNECTED";
  let before = connected();
  const observer = new MutationObserver(() => {
    if (connected() && !before) setTriggerValue("again", location.search || "?");
    before = connected();
  });
  observer.observe(app, { attributeFilter: ["data-test-connection-state"] });
  return () => observer.disconnect();
}
