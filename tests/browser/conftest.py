"""A real server and a real Chromium for the tests in this folder."""

import os
from collections.abc import Callable, Iterator

import pytest

from benchmarks.driving import CHROMIUM, FLAGS, Lab, start_server
from jsma.stage import Recording
from tests.helpers.browser import as_opened, see_that_all_was_well, watched

NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
"""Sends what the server asks of other machines to a port where nobody listens."""

CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
"""Gives a browser a camera that shows a moving pattern, and pages leave to use it."""


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a running app without MNIST and without network, as a newcomer may have it."""
    folder = tmp_path_factory.mktemp("empty")
    classes = {"JSMA_DATABASE_URL": f"sqlite:///{folder}/classes.sqlite"}
    process, address = start_server(NO_NETWORK | classes | {"JSMA_DATA_DIR": str(folder)})
    yield address
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def playwright():
    """Playwright, where there is a Chromium for it to drive."""
    if CHROMIUM is None:
        reason = "There is no Chromium on this machine; install one (Debian: apt-get install chromium) to run this."
        pytest.fail(reason) if os.environ.get("JSMA_REQUIRE_BROWSER") == "1" else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright):
    """A headless Chromium, for tests that need a browser window of their own kind."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def profile(playwright, tmp_path_factory):
    """A browser profile for all tests that need no other, on disk: Streamlit's scripts are compiled once."""
    context = playwright.chromium.launch_persistent_context(
        tmp_path_factory.mktemp("profile"),
        executable_path=CHROMIUM,
        args=FLAGS + CAMERA,
        viewport={"width": 1440, "height": 900},
    )
    context.set_default_timeout(120_000)
    yield context
    context.close()


@pytest.fixture
def lab(profile, server):
    """The lab in a page of its own; fails the test if the page complained, asked another machine or fetched a file."""
    yield from watched(Lab(profile.new_page(), server))


@pytest.fixture(scope="session")
def open_labs(profile) -> dict[str, Lab]:
    """The pages that tests share, by the link that opened them."""
    labs = {}
    yield labs
    for lab in labs.values():
        lab.page.close()


@pytest.fixture
def shared(open_labs, profile, server) -> Callable[[str, int], Lab]:
    """A function that gives the lab as a link opens it, at a step, in one page for all tests that choose nothing else.

    To load a page takes more than a second of the CPU; to look at it takes a few hundredths.
    """
    used = []

    def give(link: str, step: int = 0) -> Lab:
        if link not in open_labs:
            open_labs[link] = Lab(profile.new_page(), server).open(link)
        used.append(open_labs[link])
        return as_opened(open_labs[link], step)

    yield give
    for lab in used:
        see_that_all_was_well(lab)


@pytest.fixture
def saved(open_labs, profile, tmp_path_factory) -> Callable[[Recording, int], Lab]:
    """A function that gives a recording at a step in its saved page: the stage as in the app, and nothing around it.

    For tests of what the stage does by itself. The page is opened once for all tests with the same recording.
    """
    used = []

    def give(recording: Recording, step: int = 0) -> Lab:
        name = f"{recording.name}.html"
        if name not in open_labs:
            folder = tmp_path_factory.mktemp("saved")
            (folder / name).write_text(recording.to_html(), encoding="utf-8")
            open_labs[name] = Lab(profile.new_page(), folder.as_uri()).open(name)
        used.append(open_labs[name])
        return as_opened(open_labs[name], step)

    yield give
    for lab in used:
        see_that_all_was_well(lab)


@pytest.fixture
def open_lab(open_labs, profile, server) -> Iterator[Lab]:
    """The lab, loaded before, in one page for all tests that go on from there, as with `follow`."""
    if "" not in open_labs:
        open_labs[""] = Lab(profile.new_page(), server).open()
    lab = open_labs[""]
    lab.page.bring_to_front()
    yield lab
    see_that_all_was_well(lab)


@pytest.fixture
def seven(shared) -> Lab:
    """The lab on a 7 that is to be read as a 3, untouched; for tests that choose nothing else."""
    return shared("?digit=7&target=3")
