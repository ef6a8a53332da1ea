"""Take the README's picture of the lab, on a built-in digit: python -m docs.picture"""

from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.driving import CHROMIUM, FLAGS, Lab, start_server


def main() -> None:
    """Open the lab in the middle of an attack and save what is on the screen."""
    process, address = start_server()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            Lab(page, address).open("?digit=0&sample=1&target=2&step=5")
            page.wait_for_timeout(1000)
            page.screenshot(path=Path(__file__).parent / "lab.png")
            browser.close()
    finally:
        process.kill()


if __name__ == "__main__":
    main()
