"""Your digit as a visitor brings it: drawn with the mouse, sent as a file, photographed; and attacked."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from benchmarks.driving import Lab, start_server
from benchmarks.made_photos import STROKES
from tests.helpers.browser import see_that_all_was_well, watched
from tests.helpers.photo import photo
from tests.helpers.waiting import until

pytestmark = pytest.mark.slow

PAGE = "Your_digit"


@pytest.fixture(scope="module")
def visit(profile, server):
    """A visit on which several tests bring a digit, each another one."""
    yield from watched(Lab(profile.new_page(), server).open("?model=lenet&gamma=0.02"))


@pytest.fixture
def page(visit):
    visit.page.bring_to_front()
    go_to_your_digit(visit.page)
    yield visit.page
    see_that_all_was_well(visit)


def go_to_your_digit(page):
    page.locator(".st-key-pages").get_by_role("link", name="Your digit").click()
    page.get_by_role("heading", name="How it is prepared").wait_for()


def send(page, sent):
    page.get_by_role("radio", name="Picture").click()
    page.locator("input[type=file]").set_input_files(sent)


def test_a_digit_drawn_with_the_mouse_is_read_and_attacked(page, visit):
    page.get_by_role("radio", name="Draw").click()
    pad = page.locator(".upper-canvas")
    pad.hover(trial=True)  # waits until it moves no more
    box = pad.bounding_box()
    for stroke in STROKES[7]:
        dots = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in stroke]
        page.mouse.move(*dots[0])
        page.mouse.down()
        for dot in dots[1:]:
            page.mouse.move(*dot, steps=12)
        page.mouse.up()
    page.get_by_text("It reads a 7").wait_for()
    page.get_by_role("button", name="Attack it in the lab").click()
    visit.wait_for_title("7")
    visit.wait_for_address("data=own")
    visit.press("step")
    assert visit.iteration == 1


def test_a_picture_is_followed_through_its_stages_and_a_broken_one_changes_nothing(page):
    send(page, photo(4))
    page.get_by_text("It reads a 4").wait_for()
    assert page.locator(".own-stages img").count() == 6
    broken = photo(4, "<img src=x onerror=alert(1)>.png")
    broken["buffer"] = broken["buffer"][:2000]
    page.locator("input[type=file]").set_input_files(broken)
    page.get_by_text("Your picture from before is kept").wait_for()
    assert page.get_by_text("It reads a 4").count() == 1


def test_nobody_else_sees_it(page, visit, chromium):
    send(page, photo(2))
    page.get_by_text("It reads a 2").wait_for()
    page.get_by_role("button", name="Attack it in the lab").click()
    visit.wait_for_title("2")  # the address says data=own on the page before, too
    visit.wait_for_address("data=own")
    other = Lab(chromium.new_page(), visit.address).open(page.url.split("/")[-1])
    other.page.get_by_text("only the browser they used has it").wait_for()
    assert other.page.locator(".own-stages").count() == 0
    page.reload()  # in its own browser the digit is there again
    visit.part("stage").and_(page.locator("[data-iteration]")).wait_for()
    visit.wait_for_title("2")
    assert page.get_by_test_id("stAlert").count() == 0
    other.page.close()


@pytest.mark.parametrize(
    ("name", "kind", "content", "words"),
    [
        ("IMG_1.HEIC", "image/heic", b"\0\0\0\x18ftypheic" + bytes(100), "This is a HEIC photo"),
        ("scan.pdf", "application/pdf", b"%PDF-1.4", "This is a PDF"),
        ("large.bin", "application/octet-stream", bytes(6_000_000), "not a whole PNG, JPEG or WebP picture"),
    ],
)
def test_a_file_of_another_kind_or_over_5_mb_is_told_in_the_apps_own_words(page, name, kind, content, words):
    send(page, {"name": name, "mimeType": kind, "buffer": content})
    page.get_by_role("alert").get_by_text(words).wait_for()
    for streamlits in ("not allowed", "must be"):
        assert page.get_by_text(streamlits).count() == 0


@contextmanager
def school_site(shown: str) -> Iterator[str]:
    """Yield the address of another site, whose only page shows the address `shown` in a frame."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<iframe src="{shown}" width="900" height="900"></iframe>'.encode())

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://localhost:{server.server_port}/"  # localhost and 127.0.0.1 are two sites
        server.shutdown()


def test_inside_another_site_it_says_that_nothing_can_be_sent_and_offers_to_open_it_by_itself(chromium, server):
    here = f"{server}/{PAGE}?model=lenet"
    outer = chromium.new_page()
    with school_site(here) as school:
        outer.goto(school)
        inner = outer.frame_locator("iframe")
        inner.get_by_role("radio", name="Picture").click()
        link = inner.get_by_role("link", name="Open the app by itself")
        link.wait_for()
        assert inner.get_by_text("there the browser does not send pictures").is_visible()
        assert link.get_attribute("href").startswith(here)
        with outer.context.expect_page() as opened:
            link.click()
        alone = opened.value
        alone.get_by_role("radio", name="Picture").click()
        send(alone, photo(4))
        alone.get_by_text("It reads a").wait_for()
        assert alone.get_by_role("link", name="Open the app by itself").count() == 0
    alone.close()
    outer.close()


SPY = """
import gc, os, signal
from pathlib import Path

def tell(*_):
    held = [thing for thing in gc.get_objects()
            if type(thing).__name__ in ("Digits", "Recording", "Prepared", "UploadedFileRec")]
    kinds = [type(thing).__name__ for thing in held]
    theirs = [kind for kind, thing in zip(kinds, held) if kind != "Digits" or thing.name == "your own digits"]
    Path(os.environ["FOUND"]).write_text(f"{sorted(theirs)}.")

signal.signal(signal.SIGUSR1, tell)
"""
"""Run by a server at its start; at a signal it writes what it holds that comes of a visitor's digit.

To be asked of an idle server only: a tuple that Python is building when somebody looks at it becomes a SystemError.
"""


def held_by(process, found):
    found.unlink(missing_ok=True)
    process.send_signal(signal.SIGUSR1)
    until(lambda: found.exists() and found.read_text(encoding="utf-8").endswith("."), pause=0.05)
    return found.read_text(encoding="utf-8")


def test_a_quiet_server_forgets_the_digit_of_who_has_left(chromium, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(SPY, encoding="utf-8")
    found = tmp_path / "found"
    process, address = start_server(
        {"PYTHONPATH": str(tmp_path), "FOUND": str(found), "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "4"}
    )
    try:
        lab = Lab(chromium.new_page(), address).open()
        lab.wait_until_idle()
        alone = held_by(process, found)
        assert alone == "['Recording']."  # of the first attack, which is nobody's own
        page = lab.page
        go_to_your_digit(page)
        send(page, photo(4))
        page.get_by_text("It reads a").wait_for()
        lab.wait_until_idle()
        assert "UploadedFileRec" not in held_by(process, found)
        page.get_by_role("button", name="Attack it in the lab").click()
        page.get_by_test_id("stage").and_(page.locator("[data-iteration]")).wait_for()
        lab.wait_until_idle()
        assert "Digits" in held_by(process, found)
        page.close()
        until(lambda: held_by(process, found) == alone, pause=0.5)
    finally:
        process.kill()


def test_a_photo_that_shows_nothing_gets_advice(profile, server):
    page = profile.new_page()
    page.goto(f"{server}/{PAGE}")
    page.get_by_role("radio", name="Photo").click()
    page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.5")
    page.get_by_role("button", name="Take Photo").click()
    page.get_by_text("1 Grey").or_(page.get_by_text("No ink was found")).first.wait_for()
    assert page.get_by_text("Traceback").count() == 0
    page.close()
