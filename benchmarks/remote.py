"""Firefox and WebKitGTK, driven by the protocols that they speak themselves: with Debian's programs and nothing else.

Playwright, which drives Chromium for the tests, drives these two in builds of its own only. Needs, on Debian,
apt-get install firefox-esr webkit2gtk-driver xvfb.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import Request, urlopen

from websockets.sync.client import ClientConnection, connect

from benchmarks.driving import free_port

WIDTH, HIGH = 1440, 900
MINIBROWSER = next(iter(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")), None)
LISTEN = """
window.complaints = [];
const { error } = console;
console.error = (...told) => (window.complaints.push(told.join(' ')), error(...told));
addEventListener('error', ({ message }) => window.complaints.push(message));
addEventListener('unhandledrejection', ({ reason }) => window.complaints.push(`${reason}`));
"""
"""A script that notes what goes wrong in a page, for a browser that does not tell."""
T = TypeVar("T")
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Control": "\ue009"}


def until(ask: Callable[[], T], seconds: float = 60) -> T:
    """Return the first answer of `ask` that is true; TimeoutError if none comes within `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"It did not come within {seconds:g} seconds.")
        time.sleep(0.05)


class Remote(ABC):
    """A browser with one page: what a visitor does there, and scripts that look."""

    name: str
    complaints: list[str]

    @abstractmethod
    def go(self, address: str) -> None:
        """Open `address` and wait until it is loaded."""

    @abstractmethod
    def run(self, body: str, *given: object) -> Any:
        """Return what the body of an async function returns in the page, where `given` are its `arguments`."""

    @abstractmethod
    def picture(self) -> bytes:
        """Return what the window shows, as a PNG."""

    @abstractmethod
    def _perform(self, sources: list[dict]) -> None:
        """Carry out actions as WebDriver describes them."""

    def move(self, spots: Iterable[tuple[float, float]], pressed: bool = False) -> None:
        """Move the mouse from spot to spot, in CSS pixels of the window; `pressed` from the first to the last."""
        moves = [
            {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 20, "origin": "viewport"}
            for x, y in spots
        ]
        if pressed:
            moves.insert(1, {"type": "pointerDown", "button": 0})
            moves.append({"type": "pointerUp", "button": 0})
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": moves}
        self._perform([mouse])

    def press(self, *keys: str, holding: str | None = None) -> None:
        """Press and release keys one after the other, with another one held down meanwhile if given."""
        acts = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        if holding:
            acts = [{"type": "keyDown", "value": KEYS[holding]}, *acts, {"type": "keyUp", "value": KEYS[holding]}]
        self._perform([{"type": "key", "id": "keyboard", "actions": acts}])


class Firefox(Remote):
    """Firefox by WebDriver BiDi, over the websocket that it opens."""

    name = "Firefox"

    def __init__(self, connection: ClientConnection):
        self._connection, self._sent, self.complaints = connection, 0, []
        self._send("session.new", capabilities={})
        self._send("session.subscribe", events=["log.entryAdded"])
        self._page = self._send("browsingContext.getTree")["contexts"][0]["context"]
        size = {"width": WIDTH, "height": HIGH}
        self._send("browsingContext.setViewport", context=self._page, viewport=size)

    def _send(self, method: str, **params: object) -> dict:
        self._sent += 1
        self._connection.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            message = json.loads(self._connection.recv(timeout=120))
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self.complaints.append(message["params"]["text"])
            if message.get("id") == self._sent:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['message']}")
                return message["result"]

    def go(self, address: str) -> None:
        self._send("browsingContext.navigate", context=self._page, url=address, wait="complete")

    def run(self, body: str, *given: object) -> Any:
        call = f"async () => JSON.stringify(await (async function () {{ {body} }})(...{json.dumps(given)}) ?? null)"
        sent = {"functionDeclaration": call, "awaitPromise": True, "target": {"context": self._page}}
        answer = self._send("script.callFunction", **sent)
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def picture(self) -> bytes:
        return base64.b64decode(self._send("browsingContext.captureScreenshot", context=self._page)["data"])

    def _perform(self, sources: list[dict]) -> None:
        self._send("input.performActions", context=self._page, actions=sources)


class WebKit(Remote):
    """WebKitGTK's MiniBrowser by WebDriver, over HTTP."""

    name = "WebKitGTK"

    def __init__(self, address: str):
        options = {
            "binary": str(MINIBROWSER),
            "args": ["--automation", "--enable-write-console-messages-to-stdout=true"],
        }
        self._session = f"{address}/session"
        made = self._send("", capabilities={"alwaysMatch": {"webkitgtk:browserOptions": options}})
        self._session += f"/{made['sessionId']}"
        self._send("/window/rect", width=WIDTH, height=HIGH)

    def _send(self, path: str, method: str = "POST", **params: object) -> Any:
        body = json.dumps(params).encode() if method == "POST" else None
        request = Request(self._session + path, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except URLError as error:
            told = error.read().decode() if hasattr(error, "read") else error
            raise RuntimeError(f"{path}: {told}") from error

    @property
    def complaints(self) -> list[str]:  # type: ignore[override]
        """What the page wrote as an error to its console since it was loaded."""
        return self.run("return window.complaints ?? []")

    def go(self, address: str) -> None:
        self._send("/url", url=address)
        self.run(LISTEN)

    def run(self, body: str, *given: object) -> Any:
        call = f"""const done = [...arguments].at(-1);
          (async function () {{ {body} }})(...[...arguments].slice(0, -1)).then(
            (value) => done({{ value: JSON.stringify(value ?? null) }}), (error) => done({{ error: `${{error}}` }}));"""
        answer = self._send("/execute/async", script=call, args=given)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return json.loads(answer["value"])

    def picture(self) -> bytes:
        return base64.b64decode(self._send("/screenshot", "GET"))

    def _perform(self, sources: list[dict]) -> None:
        self._send("/actions", actions=sources)


@contextmanager
def started(command: list[str], log: Path) -> Iterator[None]:
    """Run a program, and in the end stop it and all that it has started."""
    with log.open("w", encoding="utf-8") as written:
        program = subprocess.Popen(command, stdout=written, stderr=written, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(program.pid, signal.SIGTERM)
        program.wait()


@contextmanager
def firefox() -> Iterator[Remote | None]:
    """Yield a headless Firefox with a profile of its own, or None where there is none."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        yield None
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        port = free_port()
        command = [program, "--headless", "--no-remote", "--profile", str(folder), f"--remote-debugging-port={port}"]
        stack.enter_context(started([*command, "about:blank"], folder / "log"))
        address = f"ws://127.0.0.1:{port}/session"
        yield Firefox(stack.enter_context(until(lambda: answered(lambda: connect(address, max_size=None)))))


@contextmanager
def webkit() -> Iterator[Remote | None]:
    """Yield WebKitGTK on a screen that nobody sees, or None where something of it is missing."""
    if MINIBROWSER is None or not shutil.which("WebKitWebDriver") or not shutil.which("xvfb-run"):
        yield None
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        port = free_port()
        screen = ["xvfb-run", "-a", "-s", f"-screen 0 {WIDTH}x{HIGH}x24"]
        stack.enter_context(started([*screen, "WebKitWebDriver", f"--port={port}"], folder / "log"))
        address = f"http://127.0.0.1:{port}"
        until(lambda: answered(lambda: urlopen(f"{address}/status", timeout=10)))
        yield WebKit(address)


def answered(ask: Callable[[], T]) -> T | None:
    """Return the answer of a program, or None if it does not listen yet."""
    try:
        return ask()
    except OSError:
        return None
