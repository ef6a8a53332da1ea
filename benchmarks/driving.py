"""Driving the app as a visitor does: a server on this machine, a Chromium, and the lab in its page."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
ICON = (ROOT / "pages" / "ui" / "favicon.png").read_bytes()
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
"""The first that is on this machine; one without windows draws the same with an eighth less of the CPU."""
FLAGS = [
    "--headless",
    "--font-render-hinting=none",  # letters as wide as in a window, and on every machine
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(
    environment: dict[str, str] | None = None, port: int | None = None, checkout: str | Path = ROOT
) -> tuple[subprocess.Popen, str]:
    """Start the app on `port` of this machine, or a free one; return its process and address, once it answers.

    checkout: the folder of the project, if it is not this one.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none"]
    process = subprocess.Popen(
        command,
        cwd=checkout,
        env=os.environ | (environment or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for_answer(address)
    except RuntimeError:
        process.kill()
        raise
    return process, address


def wait_for_answer(address: str) -> None:
    """Wait until the app answers at `address`; RuntimeError if it takes more than five minutes."""
    for _ in range(3000):
        try:
            urlopen(f"{address}/_stcore/health", timeout=10).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("The server did not answer within five minutes.")


BEEN_HERE = "localStorage.getItem('jsma guide') ?? localStorage.setItem('jsma guide', '0')"
"""A script that makes a page that of somebody who has been here: to others the guide is offered."""


class Lab:
    """The lab open in a page, with what a visitor sees and does there."""

    def __init__(self, page, address: str):
        self.page = page
        self.address = address
        page.add_init_script(f"try {{ {BEEN_HERE} }} catch {{}}")  # a page without an address has no storage
        page.set_default_timeout(120_000)  # for busy machines; what is there is not waited for
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.files: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note_request)

    def _note_request(self, request) -> None:
        if request.url.startswith(f"{self.address}/media/"):  # what anybody can fetch who knows its address
            self.files.append(request.url)
        if not request.url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self, link: str = "") -> "Lab":
        """Open the app, at a link if given, and wait until the stage is drawn."""
        self.page.goto(f"{self.address}/{link}")
        self.part("stage").and_(self.page.locator("[data-iteration]")).wait_for()
        return self

    def wait_until_idle(self) -> None:
        """Wait until the server has nothing left to draw on the page."""
        self.page.get_by_test_id("stApp").and_(self.page.locator("[data-test-script-state=notRunning]")).wait_for()

    def part(self, name: str):
        """Return what is marked with data-testid `name`."""
        return self.page.get_by_test_id(name)

    def press(self, name: str) -> None:
        """Click the transport button `name`: start, back, play, step or end."""
        self.part(f"stage-{name}").click()

    @property
    def iteration(self) -> int:
        """The step that is shown."""
        return int(self.part("stage").get_attribute("data-iteration"))

    @property
    def iterations(self) -> int:
        """The last step."""
        return int(self.part("stage").get_attribute("data-iterations"))

    def ink(self, name: str) -> str:
        """Return what a canvas shows, as a data URL."""
        return self.part(name).evaluate("canvas => canvas.toDataURL()")

    def wait_for_title(self, *words: str) -> None:
        """Wait until the stage's title holds all `words`."""
        for word in words:
            self.part("stage").locator("h1").filter(has_text=word).wait_for()

    def wait_for_address(self, part: str) -> None:
        """Wait until the address bar holds `part`."""
        self.page.wait_for_function("part => location.search.includes(part)", arg=part)


def as_number(text: str) -> float:
    """Read a number as the stage writes it: −0.123 or 1.2·10⁻⁵."""
    text = text.replace("−", "-").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(text.replace("·10", "e"))
