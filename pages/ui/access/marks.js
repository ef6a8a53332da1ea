// Roles and states of what Streamlit draws in one container; pages/ui/access/__init__.py says which.

import { mounted } from "../mounted.js";

export default function ({ data: [data], parentElement }) {
  const container = parentElement.closest(`.${data.container}`);
  if (!container) return undefined; // called late: it is no longer on the page
  const [marks, end] = mounted(parentElement, () => markContainer(container));
  marks.show(data);
  return end;
}

function markContainer(container) {
  let data = null;

  function mark() {
    container.setAttribute("role", data.role);
    container.setAttribute("aria-label", data.name);
    container.querySelectorAll(".stButton, .stPageLink").forEach((drawn, at) => {
      for (const part of drawn.querySelectorAll("button, a")) markOne(part, at); // one with help is there twice
    });
  }

  function markOne(part, at) {
    if (data.pressed != null) part.setAttribute("aria-pressed", at === data.pressed);
    if (data.unavailable) part.setAttribute("aria-disabled", data.unavailable.includes(at));
    if (at === data.current) part.setAttribute("aria-current", "page");
    else part.removeAttribute("aria-current");
  }

  function refuse(event) {
    if (event.target.closest("[aria-disabled=true]")) event.stopPropagation();
  }

  const observer = new MutationObserver(mark); // React may create a button again
  observer.observe(container, { childList: true, subtree: true });
  container.addEventListener("click", refuse, { capture: true });
  return {
    show(message) {
      data = message;
      mark();
    },
    end() {
      observer.disconnect();
      container.removeEventListener("click", refuse, { capture: true });
    },
  };
}
