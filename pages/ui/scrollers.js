// Elements that scroll must be reachable by keyboard; Streamlit's tables, code and popovers are not in every browser.

const MAY_SCROLL = ["stTable", "stCode", "stMarkdownContainer", "stPopoverBody"].map((name) => `[data-testid="${name}"]`).join(", ");

function scrolls(element) {
  const { overflowX, overflowY } = getComputedStyle(element);
  const may = (overflow) => overflow === "auto" || overflow === "scroll";
  const [wide, high] = [element.scrollWidth > element.clientWidth, element.scrollHeight > element.clientHeight];
  return (wide && may(overflowX)) || (high && may(overflowY));
}

/** Make each element that scrolls a tab stop, with a role and a name if it has no role; undo it when it scrolls no more. */
function letThemBeFocused() {
  /** @type {NodeListOf<HTMLElement>} */
  const all = document.querySelectorAll(`:is(${MAY_SCROLL}), :is(${MAY_SCROLL}) > :is(div, pre, table)`);
  for (const element of all) {
    if (scrolls(element) === element.hasAttribute("data-scroller")) continue;
    const added = element.dataset.scroller ?? (element.hasAttribute("role") ? "tabindex" : "tabindex role aria-label");
    const looks = { tabindex: "0", role: "group", "aria-label": "Scrolls sideways" };
    const isOurs = element.toggleAttribute("data-scroller");
    if (isOurs) element.dataset.scroller = added;
    for (const name of added.split(" ")) isOurs ? element.setAttribute(name, looks[name]) : element.removeAttribute(name);
  }
}

export default function () {
  let asked = 0;
  const soon = () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(letThemBeFocused);
  };
  const [changes, sizes] = [new MutationObserver(soon), new ResizeObserver(soon)];
  changes.observe(document.body, { childList: true, subtree: true });
  sizes.observe(document.body);
  document.addEventListener("transitionend", soon); // such as that of the sidebar, which leaves the page more room
  return () => {
    document.removeEventListener("transitionend", soon);
    cancelAnimationFrame(asked);
    changes.disconnect();
    sizes.disconnect();
  };
}
