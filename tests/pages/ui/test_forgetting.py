"""What the server forgets: visitors who have left, pictures once they are read, and pictures that no page reads."""

import logging
import tomllib
from types import SimpleNamespace

import pytest
import streamlit as st
from starlette.requests import Request
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from pages.ui import forgetting, uploads
from pages.ui.forgetting import Visitors
from pages.ui.uploads import MOST_BYTES, MOST_MEGABYTES, UNREAD_SECONDS, Unread
from tests.helpers.clock import Clock
from tests.helpers.loops import in_a_loop
from tests.helpers.paths import ROOT


class Server:
    """Which sessions are connected, and which have been ended."""

    def __init__(self):
        self.here, self.ended = set(), []

    def is_active_session(self, session_id):
        return session_id in self.here

    def close_session(self, session_id):
        self.ended.append(session_id)


def test_who_has_left_is_forgotten_with_nobody_else_coming_or_going():
    server, clock = Server(), Clock()
    visitors = Visitors(server, grace=100, clock=clock)
    for visitor in ("left", "stays", "returns"):
        server.here.add(visitor)
        visitors.enter(visitor)
    clock.now = 1000
    assert visitors.forget_departed() == 0
    server.here -= {"left", "returns"}
    clock.now = 1099
    assert visitors.forget_departed() == 0
    visitors.enter("returns")
    clock.now = 1100
    assert visitors.forget_departed() == 1
    assert server.ended == ["left"]
    clock.now = 2000
    server.here.add("returns")
    assert visitors.forget_departed() == 0
    assert server.ended == ["left"]


def test_an_address_has_no_more_windows_than_is_allowed():
    server, clock = Server(), Clock()
    visitors = Visitors(server, grace=100, clock=clock)
    server.here |= {f"{k}" for k in range(9)}
    assert [visitors.enter(f"{k}", "a", most=3) for k in range(5)] == [True, True, True, False, False]
    assert visitors.enter("5", "b", most=3)
    assert visitors.enter("1", "a", most=3)  # who is in stays in
    server.here.remove("0")
    assert visitors.enter("3", "a", most=3)
    assert not visitors.enter("4", "a", most=3)


@pytest.mark.parametrize(("asked", "most"), [(None, 100), ("7", 7), ("0", 100), ("many", 100), ("-3", 100), ("²", 100)])
def test_how_many_windows_an_address_may_have_is_for_whoever_runs_the_server(monkeypatch, asked, most):
    monkeypatch.delenv("JSMA_WINDOWS_PER_ADDRESS", raising=False)
    if asked is not None:
        monkeypatch.setenv("JSMA_WINDOWS_PER_ADDRESS", asked)
    assert forgetting.windows_of_an_address() == most


def picture(name, size=3):
    return UploadedFileRec(name, "digit.png", "image/png", b"x" * size)


def held(manager):
    return {(session, file) for session, files in manager.file_storage.items() for file in files}


def test_of_each_visitor_only_the_latest_upload_waits_and_none_waits_long():
    manager, clock = MemoryUploadedFileManager("/upload"), Clock()
    unread = Unread(manager, clock)
    for k in range(60):
        manager.add_file("one", picture(f"{k}"))
    manager.add_file("two", picture("a"))
    assert held(manager) == {("one", "59"), ("two", "a")}
    clock.now = UNREAD_SECONDS
    manager.add_file("two", picture("b"))
    clock.now += 1
    unread.drop_old()
    assert held(manager) == {("two", "b")}


def test_uploads_of_many_visitors_are_bounded_together():
    manager = MemoryUploadedFileManager("/upload")
    Unread(manager, Clock())
    size = MOST_BYTES // 4
    for k in range(10):
        manager.add_file(f"visitor {k}", picture("photo", size))
    assert held(manager) == {(f"visitor {k}", "photo") for k in range(6, 10)}


LARGEST = MOST_MEGABYTES << 20


def test_the_server_and_the_proxy_take_what_the_app_takes():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["maxUploadSize"] == MOST_MEGABYTES
    proxy = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    assert f"client_max_body_size {MOST_MEGABYTES + 1}m" in proxy
    assert f"At most {MOST_MEGABYTES} MB" in (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_a_large_picture_is_on_no_disk_while_it_comes():
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'

    async def arrive(request):
        async with request.form() as fields:
            return len(await fields["file"].read()), fields["file"]._in_memory

    async def receive():
        return {"type": "http.request", "body": head + bytes(LARGEST) + b"\r\n--edge--", "more_body": False}

    headers = [(b"content-type", b"multipart/form-data; boundary=edge")]
    request = Request({"type": "http", "method": "PUT", "headers": headers}, receive)
    assert in_a_loop(arrive(request)) == (LARGEST, True)


def test_a_picture_is_dropped_once_it_is_read(monkeypatch):
    manager = MemoryUploadedFileManager("/upload")
    manager.add_file("one", picture("photo", size=5))
    here = SimpleNamespace(session_id="one", uploaded_file_mgr=manager)
    monkeypatch.setattr(uploads, "get_script_run_ctx", lambda: here)
    (record,) = manager.get_files("one", ["photo"])
    file = UploadedFile(record, FileURLs())
    assert uploads.read(file) == b"xxxxx"
    assert held(manager)
    uploads.drop(file)
    assert not held(manager)
    assert file.getvalue() == b""
    assert uploads.read(file) is None
    assert uploads.read(None) is None


def test_on_another_streamlit_the_app_runs_and_the_log_says_that_nothing_is_forgotten(monkeypatch, caplog):
    monkeypatch.setattr(Runtime, "instance", lambda: SimpleNamespace())
    st.cache_resource.clear()
    with caplog.at_level(logging.ERROR):
        forgetting.note_visitor()
    assert "no timer runs" in caplog.text
    st.cache_resource.clear()


def test_a_visitor_who_cannot_be_forgotten_does_not_keep_the_others(monkeypatch):
    class Stubborn(Server):
        def close_session(self, session_id):
            super().close_session(session_id)
            if session_id == "first":
                raise KeyError(session_id)

    server, clock = Stubborn(), Clock()
    visitors = Visitors(server, grace=100, clock=clock)
    for visitor in ("first", "second"):
        visitors.enter(visitor)
    clock.now = 100
    with pytest.raises(KeyError):
        visitors.forget_departed()
    visitors.forget_departed()
    assert server.ended == ["first", "second"]
