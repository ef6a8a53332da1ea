"""How long a new server takes until its first visitor sees the stage: python -m benchmarks.cold_start

From the start of the process until the lab's stage is drawn in headless Chromium, which is open
already and asks for the page as soon as the server answers; and from that answer on. With
`--checkout FOLDER` another version of the project takes turns with this one, in this environment,
and the ratio of each pair is printed, since a busy machine slows both.
"""

import argparse
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from benchmarks.driving import CHROMIUM, FLAGS, ROOT, Lab, start_server


def main() -> None:
    """Measure in turns and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--checkout", type=Path, help="the folder of another version, to compare with")
    options = parser.parse_args()
    checkouts = {"here": ROOT} | ({"there": options.checkout.resolve()} if options.checkout else {})
    seconds = {name: [] for name in checkouts}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for turn in range(options.rounds + 1):
            for name, folder in checkouts.items():
                taken = cold_start(browser, folder)
                if turn:  # the first fills the system's caches of files
                    seconds[name].append(taken)
        browser.close()
    print("        start to answer, s   answer to stage, s   start to stage, s   (medians)")
    for name, pairs in seconds.items():
        answer, whole = (median(values) for values in zip(*pairs, strict=True))
        rest = median(both - first for first, both in pairs)
        print(f"{name:6}{answer:20.2f}{rest:21.2f}{whole:20.2f}")
    if options.checkout:
        ratios = [here[1] / there[1] for here, there in zip(seconds["here"], seconds["there"], strict=True)]
        print(f"start to stage, here / there: median {median(ratios):.2f}, of {min(ratios):.2f} to {max(ratios):.2f}")


def cold_start(browser: Browser, checkout: Path) -> tuple[float, float]:
    """Return the seconds until a new server answers, and until the stage is drawn."""
    began = time.perf_counter()
    process, address = start_server(checkout=checkout)
    try:
        answered = time.perf_counter() - began
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        Lab(context.new_page(), address).open()
        drawn = time.perf_counter() - began
        context.close()
        return answered, drawn
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
