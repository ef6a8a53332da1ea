"""A real server and a real Chromium for the tests in this folder."""

import os
from urllib.request import urlopen

import pytest

from benchmarks.driving import CHROMIUM, FLAGS, ICON, Lab, start_server

NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
"""Sends what the server asks of other machines to a port where nobody listens."""


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a running app without MNIST and without network, as a newcomer may have it."""
    process, address = start_server(NO_NETWORK | {"JSMA_DATA_DIR": str(tmp_path_factory.mktemp("empty"))})
    yield address
    process.kill()


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
        args=FLAGS,
        viewport={"width": 1440, "height": 900},
    )
    context.set_default_timeout(120_000)
    yield context
    context.close()


@pytest.fixture
def lab(profile, server):
    """The lab in a page of its own; fails the test if the page complained, asked another machine or fetched a file."""
    yield from watched(Lab(profile.new_page(), server))


def watched(lab):
    """Yield a page of the app, close it in the end, and see that it had no complaint and asked for nothing else."""
    yield lab
    lab.page.evaluate("localStorage.clear()")  # all tests share a profile, which remembers a sidebar that was opened
    lab.page.close()
    assert not lab.complaints
    assert not lab.foreign
    assert all(urlopen(file).read() == ICON for file in set(lab.files))
