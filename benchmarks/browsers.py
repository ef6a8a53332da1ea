"""A short visit in Firefox and in WebKitGTK: python -m benchmarks.browsers [--pictures FOLDER]

Opens the lab, steps, points at a pixel, predicts a pair, presents, reads a chapter with its prediction, opens the rules
and draws a digit; prints what did not work, what the console complained of, and the median time of a step in
milliseconds, from the click to the painted frame. A browser that is not there is left out; benchmarks/remote.py says
what to install. Fails if anything did not work.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from benchmarks.driving import BEEN_HERE, start_server
from benchmarks.made_photos import STROKES
from benchmarks.remote import Remote, firefox, until, webkit
from benchmarks.stage import TIMED

FIND = """
const all = (css, root = document) => [...root.querySelectorAll(css),
  ...[...root.querySelectorAll('*')].filter((each) => each.shadowRoot).flatMap((each) => all(css, each.shadowRoot))];
const find = (css, words = '') =>
  all(css).find((each) => each.getClientRects().length && each.textContent.includes(words));
const part = (name) => find(`[data-testid=${name}]`);
const zoom = () => Number(part('stage')?.style.zoom || 1);
const place = (each) => { // WebKit gives the box of what is enlarged in pixels that are enlarged
  const [{ x, y, width, height }, times] = [each.getBoundingClientRect(), 'currentCSSZoom' in each ? 1 : zoom()];
  return [x, y, width, height].map((length) => length * times);
};
"""
"""What scripts find things with, also inside a piece: `find` gives the first that is drawn and holds the words."""

SMALLEST = """Math.min(...[...part('stage').querySelectorAll('*:not(.spoken)')].filter((each) =>
  each.clientHeight && [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
).map((each) => parseFloat(getComputedStyle(each).fontSize) * zoom())) / innerHeight"""
"""The size of the smallest text as a share of the window's height."""


class Visit:
    """A visit to the app at `address`, part by part, in the order written."""

    def __init__(self, browser: Remote, address: str):
        self.browser, self.address = browser, address

    def look(self, script: str, *given: object):
        """Return what a script finds."""
        return self.browser.run(FIND + script, *given)

    def wait(self, script: str, *given: object):
        """Wait until what a script finds is true, and return it."""
        try:
            return until(lambda: self.look(f"return {script}", *given))
        except TimeoutError:
            raise TimeoutError(f"It never became true that {script}") from None

    def box(self, css: str, words: str = "") -> tuple[float, float, float, float]:
        """Return where the first thing that fits is, once it stands still in the window: left, top, width, height."""
        script = """
          const [css, words] = arguments, found = find(css, words);
          if (!found || document.querySelector('[data-test-script-state=running]')) return null;
          found.scrollIntoView({ block: 'nearest' });
          const before = place(found);
          await new Promise((done) => setTimeout(done, 100));
          return `${before}` === `${place(found)}` && found.isConnected ? before : null;"""
        return tuple(until(lambda: self.look(script, css, words)))

    def spot(self, css: str, words: str = "", x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
        """Return a spot of what fits; x and y are shares of its width and height."""
        left, top, width, height = self.box(css, words)
        return left + x * width, top + y * height

    def click(self, css: str, words: str = "", x: float = 0.5, y: float = 0.5) -> None:
        self.browser.move([self.spot(css, words, x, y)], pressed=True)

    def point(self, row: int, column: int) -> None:
        """Point at a pixel of the picture, and see it read out."""
        self.browser.move([self.spot("[data-testid=stage-image]", x=(column + 0.5) / 28, y=(row + 0.5) / 28)])
        self.wait(
            "part('stage-readout').textContent.replaceAll('\\xa0', ' ').includes(arguments[0])",
            f"row {row}, column {column}",
        )

    def step_through_the_lab(self) -> str:
        self.browser.go(f"{self.address}/_stcore/health")
        self.browser.run(BEEN_HERE)
        self.browser.go(f"{self.address}/?digit=7&target=3")
        self.wait("find('[data-testid=stage][data-iteration]') !== undefined")
        self.click("[data-testid=stage-step]")
        self.wait("part('stage').dataset.iteration === '1'")
        timed = f"return ({TIMED.strip()})(part('stage'), `part('step').click()`)"
        times = [self.look(timed) for _ in range(8)]
        return f"{statistics.median(times):.0f} ms"

    def point_at_a_pixel(self) -> None:
        self.point(2, 3)
        self.point(14, 20)

    def see_terms_underlined(self) -> None:
        line = self.look("return getComputedStyle(find('button.term')).textDecorationStyle")
        assert line == "dotted", f"The line under a term is {line}."

    def predict_a_pair(self) -> None:
        self.click("[data-testid=stage-start]")
        self.click("[data-testid=stage-predict]")
        for row, column in ((8, 9), (14, 12)):
            self.click("[data-testid=stage-image]", x=(column + 0.5) / 28, y=(row + 0.5) / 28)
        self.click("[data-testid=stage-reveal]")
        self.wait("find('[data-testid=stage-card]', 'Your') !== undefined")

    def present(self) -> None:
        self.browser.press("p")
        self.wait("document.documentElement.hasAttribute('data-presented')")
        self.wait("Math.abs(part('stage').offsetWidth * zoom() - innerWidth) < 2")
        self.wait("part('stage').scrollHeight === part('stage').clientHeight")
        self.wait(f"{SMALLEST} >= 0.02")
        drawn = "(now) => Math.abs(now.width - now.clientWidth * zoom() * devicePixelRatio) < 1"
        self.wait(f"({drawn})(part('stage-image'))")
        self.point(2, 3)

    def end_presenting(self) -> None:
        self.browser.press("Escape")
        self.wait("!document.documentElement.hasAttribute('data-presented')")
        self.wait("part('stSidebar') !== undefined")

    def read_a_chapter(self) -> None:
        self.click("a", "Walkthrough")
        self.click("button", "The attack in one minute")
        self.click("input[aria-label=Pixels]")
        self.browser.press("a", holding="Control")
        self.browser.press("1", "0", "Enter")
        self.click("button", "Lock in and see")
        self.wait("find('[data-testid=stage-loop] [aria-current]') !== undefined")
        self.click("[data-testid=stage-step]")
        self.wait("part('stage').dataset.iteration === '1'")

    def compare_rules(self) -> None:
        self.click("a", "Rules")
        self.wait("find('h1', 'Rules') !== undefined && find('canvas') !== undefined")

    def draw_a_digit(self) -> None:
        self.click("a", "Your digit")
        left, top, width, height = self.box(".upper-canvas")
        for stroke in STROKES[7]:
            dots = [(left + width * x, top + height * y) for x, y in stroke]
            between = [
                (a + (c - a) * i / 6, b + (d - b) * i / 6) for (a, b), (c, d) in pairwise(dots) for i in range(6)
            ]
            self.browser.move([*between, dots[-1]], pressed=True)
        self.wait("find('.stMain', 'It reads a 7') !== undefined")


PARTS: list[Callable[[Visit], str | None]] = [
    Visit.step_through_the_lab,
    Visit.point_at_a_pixel,
    Visit.see_terms_underlined,
    Visit.predict_a_pair,
    Visit.present,
    Visit.end_presenting,
    Visit.read_a_chapter,
    Visit.compare_rules,
    Visit.draw_a_digit,
]


def visit(browser: Remote, address: str, pictures: Path | None) -> int:
    """Make the visit, print what came of it, and return how many parts failed."""
    guest, failed = Visit(browser, address), 0
    for number, part in enumerate(PARTS, start=1):
        name, complained = part.__name__.replace("_", " "), len(browser.complaints)
        try:
            told = part(guest) or "ok"
        except (AssertionError, TimeoutError, RuntimeError) as error:
            told, failed = f"FAILED: {error}", failed + 1
        print(f"  {name:22} {told}", *browser.complaints[complained:], sep="\n      console: ", flush=True)
        if pictures:
            pictures.mkdir(parents=True, exist_ok=True)
            (pictures / f"{browser.name}-{number}.png").write_bytes(browser.picture())
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each part")
    chosen = parser.parse_args()
    server, address = start_server()
    failed = 0
    try:
        for start in (firefox, webkit):
            with start() as browser:
                print(browser.name if browser else f"{start.__name__}: not on this machine")
                failed += visit(browser, address, chosen.pictures) if browser else 0
    finally:
        server.kill()
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
