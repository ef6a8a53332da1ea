"""How soon a page is useful after its name was clicked, and how fast the grid fills: python -m benchmarks.pages

In headless Chromium with software drawing, on the built-in digits; every page has been visited
once before. Of the grid, with attacks nobody asked for before: the first row, and all 90 attacks.
"""

import argparse
import time
from statistics import median

from playwright.sync_api import Page, sync_playwright

from benchmarks.driving import CHROMIUM, FLAGS, Lab, start_server

USEFUL = {
    "Walkthrough": "[class*='st-key-chapter-body'] p",
    "Model": "[class*='st-key-layers'] td",
    "Grid": ".st-key-tile-attack-0-1 button",
    "Rules": "[data-testid='comparison'] canvas",
    "Defend": ".st-key-options-safest-defence input",
    "Saliency maps": ".st-key-map-of-G img",
    "Evaluation": "[data-testid='stMetricValue']",
    "The lab": "[data-testid='stage'][data-iteration]",
}
"""What has to be there, drawn, for a page to be useful."""


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    process, address = start_server()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(120_000)
            Lab(page, address).open("?model=lenet")
            print("page             switch, ms: median   slowest")
            seconds = {name: [] for name in USEFUL}
            for turn in range(options.rounds + 1):
                for name in USEFUL:
                    taken = switch(page, name)
                    if turn:
                        seconds[name].append(taken)
            for name, taken in seconds.items():
                print(f"{name:15}{1000 * median(taken):18.0f}{1000 * max(taken):10.0f}")
            first, whole = zip(*(fill(page, sample) for sample in range(2, 2 + options.rounds)), strict=True)
            print(f"grid, lenet: first row {median(first):.2f} s, all 90 attacks {median(whole):.2f} s (medians)")
            browser.close()
    finally:
        process.kill()


def switch(page: Page, name: str) -> float:
    """Return the seconds from a click on the page's name until what it is for is drawn."""
    page.wait_for_timeout(1500)  # what the page before still does is not this one's
    began = time.perf_counter()
    page.locator(".st-key-pages").get_by_text(name, exact=True).click()
    page.locator(USEFUL[name]).first.wait_for()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return time.perf_counter() - began


def fill(page: Page, sample: int) -> tuple[float, float]:
    """Return the seconds until the first row and the whole grid of one more sample of each class are there."""
    if sample == 2:
        page.locator(".st-key-pages").get_by_text("Grid", exact=True).click()
        page.get_by_text("Why the 90 attacks ended").wait_for()
    page.wait_for_timeout(1000)
    field = page.get_by_role("spinbutton", name="Sample of each class")
    field.fill(str(sample))
    began = time.perf_counter()
    field.press("Enter")
    page.wait_for_function("() => /[1-9] of 10 rows/.test(document.body.innerText)")
    first = time.perf_counter() - began
    page.wait_for_function("() => !document.body.innerText.includes('of 10 rows')")
    return first, time.perf_counter() - began


if __name__ == "__main__":
    main()
