"""What the server does as it starts: it loads what every page needs, while a first browser loads the app."""

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import streamlit as st
from streamlit import cli_util, config
from streamlit.web.server import server_util

from pages.ui.shared.classroom import service

THREAD = "load"


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Begin to load torch, open the browser, and forget classes; for `st.App`, which calls it once."""
    threading.Thread(target=_load, name=THREAD, daemon=True).start()
    if not config.get_option("server.headless"):
        cli_util.open_browser(server_util.get_url(_host()))
    forgetting = asyncio.create_task(service.forget_regularly())
    yield
    forgetting.cancel()


def _load() -> None:
    """Load torch, which takes a second or more, and what the lab shows to a visitor who has chosen nothing yet."""
    # Streamlit warns where something that can show "Loading …" runs for no page.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").addFilter(_is_of_a_page)
    gc.disable()  # of the many objects that torch makes none is garbage, and to look for it takes time
    try:
        from pages.ui import controls, resources  # noqa: F401
        from pages.ui.choice import Choice
    finally:
        gc.enable()

    resources.few_threads()
    with suppress(Exception):  # what is wrong is told to the visitor who needs it
        resources.record_first(Choice())


def _is_of_a_page(record: logging.LogRecord) -> bool:
    return record.threadName != THREAD


def _host() -> str:
    """Return under which name a browser on this machine reaches the server, as `streamlit run` finds it."""
    if config.is_manually_set("browser.serverAddress"):
        return config.get_option("browser.serverAddress")
    return server_util.get_display_address(config.get_option("server.address") or "localhost")
