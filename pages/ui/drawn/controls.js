// The controls of a piece that is stepped through: slider, buttons, arrow keys; and which theme it is drawn on.

/** Show on the slider that the viewer is at k of `last`, and which buttons lead anywhere. part(name) finds an element. */
function showControls(part, { k, last, playing, canPlay }) {
  const slider = part("slider");
  Object.assign(slider, { max: last, value: k, disabled: last === 0 });
  slider.style.setProperty("--share", last ? k / last : 0);
  slider.setAttribute("aria-valuetext", `Iteration ${k} of ${last}`);
  for (const name of ["start", "back"]) part(name).disabled = k === 0;
  for (const name of ["step", "end"]) part(name).disabled = k === last;
  part("play").disabled = !canPlay;
  part("play").classList.toggle("is-playing", playing);
  part("play").setAttribute("aria-label", playing ? "Pause" : "Play");
}

/** Arrow keys step wherever the focus is, unless something there has its own use for them. */
function listenForKeys(root, acts) {
  const document = root.ownerDocument;
  function onKey(event) {
    if (!root.isConnected) return document.removeEventListener("keydown", onKey);
    const act = acts[event.key];
    const focused = event.composedPath()[0];
    if (!act || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    const inside = root.contains(focused);
    if (focused !== document.body && !inside) return;
    if (focused.matches("input, select") || (inside && event.key === " " && focused.matches("button, summary"))) return;
    event.preventDefault();
    act();
  }
  document.addEventListener("keydown", onKey);
}

/** Whether Streamlit's theme is dark, from the colour it gives the page. */
function isDark(root) {
  const [red, green, blue] = getComputedStyle(root).backgroundColor.match(/[\d.]+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}
