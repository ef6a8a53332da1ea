"""What the server does as it starts."""

import asyncio

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import app
from pages.ui import attacking, resources, startup
from tests.helpers.loops import in_a_loop
from tests.helpers.paths import APP


async def start_and_stop() -> None:
    async with startup.lifespan(app.app):
        await asyncio.sleep(0)


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """The addresses at which a browser was opened; nothing is loaded."""
    addresses = []
    monkeypatch.setattr(startup, "_load", lambda: None)
    monkeypatch.setattr(startup.cli_util, "open_browser", addresses.append)
    return addresses


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "http://localhost:8599"),
        ({"server.address": "0.0.0.0"}, "http://localhost:8599"),
        ({"server.address": "127.0.0.1"}, "http://127.0.0.1:8599"),
        ({"server.address": "127.0.0.1", "browser.serverAddress": "class.example"}, "http://class.example:8599"),
    ],
)
def test_the_browser_opens_where_the_server_is_reached(opened, monkeypatch, options, address):
    set_options(monkeypatch, {"server.headless": False, "server.port": 8599, **options})
    in_a_loop(start_and_stop())
    assert opened == [address]


def test_no_browser_opens_where_there_is_no_screen(opened, monkeypatch):
    set_options(monkeypatch, {"server.headless": True})
    in_a_loop(start_and_stop())
    assert opened == []


def set_options(monkeypatch, options: dict[str, object]) -> None:
    known = startup.config.get_option
    monkeypatch.setattr(startup.config, "get_option", lambda name: options.get(name, known(name)))
    monkeypatch.setattr(startup.config, "is_manually_set", lambda name: name in options)


def test_the_first_visitor_finds_the_first_attack_computed(monkeypatch):
    startup._load()
    monkeypatch.setattr(attacking, "record_trace", None)
    assert not AppTest.from_file(APP, default_timeout=60).run().exception


def test_what_cannot_be_loaded_does_not_stop_the_server(monkeypatch):
    st.cache_resource.clear()

    def damaged(*_):
        raise ValueError("The weights are damaged.")

    monkeypatch.setattr(resources, "network", damaged)
    startup._load()
