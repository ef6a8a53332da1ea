// What scrolls sideways must be within reach of the keyboard. Streamlit's tables, code and formulas are not everywhere.

const WIDE = ["stTable", "stMarkdownContainer", "stCode"].map((name) => `[data-testid="${name}"]`).join(", ");

function letThemBeFocused() {
  for (const element of document.querySelectorAll(`:is(${WIDE}), :is(${WIDE}) :is(div, pre, table, .katex-display)`)) {
    const scrolls = element.scrollWidth > element.clientWidth && ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
    const isOurs = element.hasAttribute("data-scroller");
    if (scrolls === isOurs) continue;
    element.toggleAttribute("data-scroller", scrolls);
    const looks = { tabindex: "0", role: "group", "aria-label": "Scrolls sideways" };
    for (const [name, value] of Object.entries(looks)) {
      if (scrolls) element.setAttribute(name, value);
      else element.removeAttribute(name);
    }
  }
}

export default function () {
  let asked = 0;
  const soon = () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(letThemBeFocused);
  };
  const page = document.querySelector("[data-testid='stApp']");
  const [changes, sizes] = [new MutationObserver(soon), new ResizeObserver(soon)];
  changes.observe(page, { childList: true, subtree: true });
  sizes.observe(page);
  return () => {
    cancelAnimationFrame(asked);
    changes.disconnect();
    sizes.disconnect();
  };
}
