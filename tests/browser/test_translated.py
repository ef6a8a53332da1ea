"""Pages that the browser translates: a translator replaces every text, and what changes must change all the same."""

import pytest

from benchmarks.driving import Lab
from tests.helpers.browser import follow, see_that_all_was_well, watched

pytestmark = pytest.mark.slow

TRANSLATE = """() => {
  const left = new Set(["SCRIPT", "STYLE", "TEXTAREA", "FONT", "CODE"]);
  const isText = (node) => node.data.trim() && node.isConnected && !left.has(node.parentNode.nodeName);
  function translate(root) {
    const texts = [], walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts.filter(isText)) {
      const [outer, inner] = [document.createElement("font"), document.createElement("font")];
      inner.textContent = text.data.toUpperCase();
      outer.append(inner);
      WAY
    }
    for (const each of root.querySelectorAll("*")) if (each.shadowRoot && !each.watched) watch(each.shadowRoot);
  }
  function watch(root) {
    if (root.host) root.host.watched = true;
    translate(root);
    const watcher = new MutationObserver((records) => {
      if (records.some(({ addedNodes }) => [...addedNodes].some((node) => node.nodeName !== "FONT"))) translate(root);
    });
    watcher.observe(root, { childList: true, subtree: true });
    watchers.push(watcher);
  }
  globalThis.watchers ??= [];
  while (watchers.length) watchers.pop().disconnect();
  watch(document.querySelector("[data-testid=stApp]"));
}"""
"""What a browser's translation does: each text node makes way for <font>, now and whenever there is a new one."""

WAYS = ["text.replaceWith(outer);", "text.before(outer); text.remove();", "text.after(outer); text.remove();"]


@pytest.fixture(scope="module")
def loaded(profile, server):
    """The app in a page that is translated in one way after the other."""
    yield from watched(Lab(profile.new_page(), server).open("?gamma=0.02"))


@pytest.mark.parametrize("way", WAYS, ids=["at once", "before it", "after it"])
def test_choosing_a_digit_changes_the_words_of_a_translated_page(loaded, way):
    lab = loaded
    lab.page.bring_to_front()
    follow(lab, "?digit=0&target=2&gamma=0.02")  # leaves what was translated before
    follow(lab, "Rules?digit=0&target=2&gamma=0.02")
    lab.page.evaluate(TRANSLATE.replace("WAY", way))
    lab.page.get_by_text("MAKE THE NETWORK READ THIS 0 AS A").wait_for()
    for digit in (7, 4):
        lab.page.locator(f".st-key-digit-{digit} button").click()
        lab.page.get_by_text(f"MAKE THE NETWORK READ THIS {digit} AS A").wait_for()
        assert lab.page.get_by_text("MAKE THE NETWORK READ THIS").count() == 1
    see_that_all_was_well(lab)


def test_a_step_changes_every_number_of_a_translated_stage(lab):
    lab.open("?digit=7&target=3&gamma=0.03")

    def shown() -> list[str]:
        names = ("stage-card", "stage-readout", "stage-slider")
        return [" ".join(lab.part(name).evaluate("part => part.textContent").upper().split()) for name in names]

    untranslated = []
    for _ in range(3):
        untranslated.append(shown())
        lab.press("step")
    lab.press("start")
    lab.page.evaluate(TRANSLATE.replace("WAY", WAYS[0]))
    for step in range(3):
        assert shown() == untranslated[step]
        lab.press("step")
