// Where the focus goes when the focused element disappears: where Python says, else to the element that replaces it.

import { mounted } from "../mounted.js";

let carriedOut = null; // the number of Python's last request that was carried out
let last = null; // the element that has or had the focus, its ancestors, and its index in each
let byKeyboard = false; // whether the visitor's last input was by keyboard, not by mouse or touch
// Module variables, since Streamlit mounts this again on another page.

export default function ({ data, parentElement }) {
  const document = parentElement.ownerDocument;
  const [focus, end] = mounted(parentElement, () => keepFocus(document, document.querySelector("[data-testid=stApp]")));
  if (data && data.turn !== carriedOut) focus.wish(data.place);
  carriedOut = data?.turn ?? null;
  return end;
}

const WAIT_MS = 300; // time for a replacement to appear
const WAITS = 10; // how many times to wait while Python is still drawing

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']";

const usable = (element) => element.isConnected && !element.disabled && element.checkVisibility({ visibilityProperty: true });

function keepFocus(document, app) {
  let wished = null; // a CSS selector
  let found = false;
  let timer = null;

  const running = () => app.dataset.testScriptState === "running";
  const isLost = () => [null, document.body].includes(document.activeElement) || !usable(document.activeElement);
  const gone = () => last && !usable(last.element) && isLost();

  function check() {
    if (wished) {
      if (!found || isLost())
        found = moveTo([...document.querySelectorAll(wished)].find((each) => !each.closest("[data-stale=true]"))) || found;
      if (!running()) wished = null;
      if (wished) return;
    }
    if (!gone()) return stopWaiting();
    if (moveTo(sameAgain(document, last) ?? otherSide(document, last))) return stopWaiting();
    if (byKeyboard) timer ??= setTimeout(settle, WAIT_MS, 1); // users of a mouse need no focus
  }

  /** No replacement has appeared: focus the nearest element, or the head of the page. */
  function settle(waits) {
    if (running() && waits < WAITS) return (timer = setTimeout(settle, WAIT_MS, waits + 1));
    stopWaiting();
    if (gone()) moveTo(nearest(last) ?? head(document));
  }

  function stopWaiting() {
    clearTimeout(timer);
    timer = null;
  }

  /** A click on the empty page takes the focus from an element that is still there: do not restore it. */
  function forget(element) {
    if (last?.element === element && usable(element) && document.hasFocus() && isLost()) last = null;
  }

  function moveTo(element) {
    if (!element) return false;
    if (!element.matches(`${FOCUSABLE}, [tabindex]`)) element.tabIndex = -1;
    element.focus({ preventScroll: true });
    if (element.matches(":focus-visible")) element.scrollIntoView({ block: "nearest" });
    return true;
  }

  const note = ({ target }) => (last = { element: target, path: pathOf(target), page: document.location.pathname });
  const leave = ({ target }) => queueMicrotask(() => forget(target)); // when React, if it was that, is done
  const press = ({ type }) => (byKeyboard = type === "keydown");
  const events = { focusin: note, focusout: leave, keydown: press, pointerdown: press };
  for (const [name, listener] of Object.entries(events)) document.addEventListener(name, listener, { capture: true });
  const observer = new MutationObserver(check);
  const attributeFilter = ["disabled", "data-collapsed", "data-stale", "data-test-script-state"];
  observer.observe(app, { attributes: true, attributeFilter, childList: true, subtree: true });
  check();
  return {
    wish(place) {
      [wished, found] = [place, false];
      check();
    },
    end() {
      for (const [name, listener] of Object.entries(events)) document.removeEventListener(name, listener, { capture: true });
      observer.disconnect();
      stopWaiting();
    },
  };
}

/** The ancestors of an element from the nearest, and at which place in each it stands. */
function pathOf(element) {
  const path = [];
  for (let child = element; child.parentElement; child = child.parentElement) {
    path.push([child.parentElement, [...child.parentElement.children].indexOf(child)]);
  }
  return path;
}

/** What Streamlit has made anew in place of an element: the same part of the element or container of the same key. */
function sameAgain(document, { element, path }) {
  const keyed = path.map(([ancestor]) => ancestor).find((ancestor) => keyOf(ancestor));
  if (!keyed) return null;
  const parts = [...document.querySelectorAll(`.${keyOf(keyed)} :is(${FOCUSABLE})`)].filter(usable);
  const label = (of) => of.getAttribute("aria-label") ?? of.textContent;
  return parts.find((part) => part.localName === element.localName && label(part) === label(element)) ?? null;
}

const keyOf = (element) => [...element.classList].find((name) => name.startsWith("st-key-"));

/** The button that shows the sidebar for the one that hides it, and the other way round. */
function otherSide(document, { element, path }) {
  const sidebar = document.querySelector("[data-testid=stSidebar]");
  if (element.dataset.testid === "stExpandSidebarButton") return sidebar?.querySelector("[data-testid=stSidebarCollapseButton] button");
  const within = path.some(([ancestor]) => ancestor === sidebar);
  return within ? document.querySelector("[data-testid=stExpandSidebarButton]") : null;
}

/** What can have the focus and stands nearest to where an element stood: behind it, else before it. */
function nearest({ path, page }) {
  if (page !== document.location.pathname) return null;
  const [parent, at] = path.find(([ancestor]) => usable(ancestor)) ?? [];
  if (!parent?.matches("[data-testid=stMain] *")) return null;
  const within = (child) => [child, ...child.querySelectorAll("*")].filter((part) => part.matches(FOCUSABLE) && usable(part));
  const children = [...parent.children];
  return children.slice(at).flatMap(within)[0] ?? children.slice(0, at).flatMap(within).at(-1) ?? null;
}

function head(document) {
  const main = document.querySelector("[data-testid=stMain]");
  return main?.querySelector("h1") ?? main;
}
