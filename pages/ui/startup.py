"""What the server does as it starts: it loads what every page needs, while a first browser loads the app."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit import cli_util, config
from streamlit.web.server import server_util


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Begin to load torch, and open the browser; for `st.App`, which calls it once."""
    threading.Thread(target=_load, name="load", daemon=True).start()
    if not config.get_option("server.headless"):
        cli_util.open_browser(server_util.get_url(_host()))
    yield


def _load() -> None:
    from pages.ui import controls, resources  # noqa: F401, here: torch takes a second or more to import

    resources.few_threads()


def _host() -> str:
    """Return under which name a browser on this machine reaches the server, as `streamlit run` finds it."""
    if config.is_manually_set("browser.serverAddress"):
        return config.get_option("browser.serverAddress")
    return server_util.get_display_address(config.get_option("server.address") or "localhost")
