"""The server as others meet it: it dies under connected browsers, alone and behind a load balancer; who is refused."""

import json
import os
import re
import shutil
import subprocess
import time
from base64 import b64encode
from pathlib import Path
from socket import create_connection
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

import jsma
from benchmarks.classroom import cpu_seconds
from benchmarks.driving import ROOT, Lab, free_port, start_server, wait_for_answer
from pages.ui import networks
from pages.ui.keeping import network_facts, weights_as_bytes
from pages.ui.networks import Network
from tests.helpers.waiting import LONG

pytestmark = pytest.mark.slow

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


STORE = """([facts, weights]) => new Promise((done) => {
  const opening = indexedDB.open("jsma", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("networks");
  opening.onsuccess = () => {
    const bytes = Uint8Array.from(atob(weights), (letter) => letter.charCodeAt());
    const change = opening.result.transaction("networks", "readwrite");
    change.objectStore("networks").put({ facts, weights: bytes }, "own");
    change.oncomplete = () => (opening.result.close(), done());
  };
})"""
"""A script that leaves a trained network in a browser, as the app does."""


@pytest.fixture
def visitors(chromium):
    """Return a function that lets one more visitor in, in a window of their own, without others' cookies.

    link: what they open, if anything yet; own: a network that they have trained before.
    """
    contexts = []

    def enter(address: str, link: str | None = None, own: Network | None = None) -> Lab:
        contexts.append(chromium.new_context(viewport={"width": 1440, "height": 900}))
        lab = Lab(contexts[-1].new_page(), address)
        if own:
            lab.page.goto(f"{address}/_stcore/health")
            lab.page.evaluate(STORE, [network_facts(own), b64encode(weights_as_bytes(own)).decode()])
        return lab if link is None else lab.open(link)

    yield enter
    for context in contexts:
        context.close()


def frame(lab: Lab) -> tuple:
    """Return what a visitor sees, and the address of it."""
    return lab.part("stage").locator("h1").inner_text(), lab.iteration, lab.ink("stage-image"), lab.page.url


def all_of_it(lab: Lab) -> list:
    """Return what the stage shows: the step, the words of the card, and what is drawn."""
    inks = [lab.ink(name) for name in ("stage-image", "stage-plane", "stage-jacobian-8")]
    return [lab.iteration, lab.part("stage-card").inner_text(), *inks]


COUNT_RUNS = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  const count = () => (window.runs += app.dataset.testScriptState === "notRunning");
  window.runs = 0;
  new MutationObserver(count).observe(app, { attributeFilter: ["data-test-script-state"] });
}"""


def lose_connection(lab: Lab) -> None:
    """Wait until the page has no connection any more."""
    lab.page.locator("[data-test-connection-state=CONNECTED]").wait_for(state="detached")
    lab.page.evaluate(COUNT_RUNS)


def come_back(lab: Lab) -> None:
    """Wait until the page has a new connection and a server has run it, so that it knows the page's buttons."""
    lab.page.get_by_test_id("stApp").and_(lab.page.locator("[data-test-connection-state=CONNECTED]")).wait_for()
    lab.page.wait_for_function("window.runs > 0")
    lab.page.get_by_test_id("stApp").and_(lab.page.locator("[data-test-script-state=notRunning]")).wait_for()


def goes_on(lab: Lab, digit: int) -> bool:
    """Step, and choose another digit; return whether both are answered."""
    before = lab.iteration
    lab.press("back")
    assert lab.iteration == before - 1
    lab.page.locator(f".st-key-digit-{digit} button").click()
    lab.wait_for_address(f"digit={digit}")
    lab.wait_for_title(str(digit))
    return True


def test_a_server_that_is_killed_and_started_again_shows_every_visitor_their_frame_and_network_and_who_has_a_link_to_it(
    visitors,
):
    process, address = start_server()
    port = int(address.rsplit(":", 1)[1])
    try:
        one = visitors(address, "?digit=7&sample=4&target=8&model=lenet&output=probabilities&direction=decrease&step=4")
        own = networks.own("lenet", jsma.load_model("lenet"), {"uci": 0.9}, "uci")
        two = visitors(address, "?digit=1&target=8&model=own", own)
        two.press("step")
        two.press("step")
        two.wait_for_address("step=2")
        before, parts = [frame(one), frame(two)], all_of_it(one)
        process.kill()
        process.wait()
        lose_connection(one)
        lose_connection(two)
        assert [frame(one), frame(two)] == before  # what is on the screen stays
        process, _ = start_server(port=port)
        assert all_of_it(visitors(address, one.page.url.removeprefix(address + "/"))) == parts
        for lab in (one, two):
            come_back(lab)
        assert [frame(one), frame(two)] == before
        assert "model=own" in two.page.url
        assert two.page.get_by_test_id("stAlert").count() == 0  # it has not fallen back to another network
        assert goes_on(one, 5)
        assert goes_on(two, 0)
    finally:
        process.kill()


@pytest.fixture(scope="module")
def class_server(tmp_path_factory):
    """A server without MNIST that was told the name under which a class reaches it: (process, address)."""
    names = {"STREAMLIT_BROWSER_SERVER_ADDRESS": "class.example", "STREAMLIT_SERVER_ALLOWED_HOSTS": "127.0.0.1"}
    process, address = start_server(names | {"JSMA_DATA_DIR": str(tmp_path_factory.mktemp("empty"))})
    yield process, address
    process.kill()
    process.wait()


def test_long_work_ends_soon_after_its_visitor_has_left(class_server, chromium):
    process, address = class_server
    page = chromium.new_page()
    page.goto(f"{address}/Model")
    page.locator(".st-key-train button").wait_for()
    before = cpu_seconds(process.pid)
    page.locator(".st-key-train button").click()
    page.get_by_text(re.compile(r"Epoch 1 of 6, batch [2-9]")).wait_for()
    together = cpu_seconds(process.pid) - before
    page.close()
    assert cpu_seconds_until_idle(process.pid) < 4 * together  # all 6 epochs take far more


def cpu_seconds_until_idle(pid: int) -> float:
    """Return how many seconds of the CPU a process uses from now on until it has nothing left to do."""
    before, last = cpu_seconds(pid), None
    while last is None or cpu_seconds(pid) - last > 0.03:
        last = cpu_seconds(pid)
        time.sleep(0.5)
    return cpu_seconds(pid) - before


def start_nginx(folder: Path, servers: list[int]) -> tuple[subprocess.Popen, int]:
    """Start nginx as deploy/nginx.conf says but for the ports, for servers on two ports; return it and its port."""
    if NGINX is None:
        reason = "There is no nginx on this machine; install it (Debian: apt-get install nginx) to run this."
        pytest.fail(reason) if os.environ.get("JSMA_REQUIRE_BROWSER") == "1" else pytest.skip(reason)
    port = free_port()
    ports = dict(zip(("8501", "8502", "8080"), map(str, [*servers, port]), strict=True))
    site = re.sub(
        r"\b(8501|8502|8080)\b",
        lambda found: ports[found[0]],
        (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8"),
    )
    (folder / "site.conf").write_text(site.replace("listen ", "listen 127.0.0.1:"), encoding="utf-8")
    (folder / "nginx.conf").write_text(NGINX_ALONE.format(folder=folder), encoding="utf-8")
    return subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", "errors.log"]), port


@pytest.fixture
def replicas(tmp_path):
    """Two servers behind nginx: (address, servers by port)."""
    started = [start_server() for _ in range(2)]
    servers = {int(address.rsplit(":", 1)[1]): process for process, address in started}
    nginx, port = start_nginx(tmp_path, list(servers))
    try:
        wait_for_answer(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}", servers
    finally:
        for process in (nginx, *servers.values()):
            process.terminate()
        for process in (nginx, *servers.values()):
            process.wait()


NGINX_ALONE = """
daemon off;
pid {folder}/pid;
error_log {folder}/errors.log warn;
events {{}}
http {{
    log_format upstream "$upstream_addr";
    access_log {folder}/access.log upstream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def server_of(lab: Lab, log: Path) -> int:
    """Ask once more as this visitor, and return the port of the server that nginx chose."""
    assert lab.page.request.get(f"{lab.address}/_stcore/health").ok
    return int(log.read_text(encoding="utf-8").split()[-1].rsplit(":", 1)[1])


def test_behind_a_load_balancer_a_visitor_stays_on_a_server_and_finds_the_same_frame_on_the_other(
    replicas, visitors, tmp_path
):
    (address, servers), log = replicas, tmp_path / "access.log"
    one = visitors(address)
    here = server_of(one, log)
    others = (visitors(address) for _ in range(28))
    two = next(other for other in others if server_of(other, log) != here)  # it takes two or three as a rule
    there = server_of(two, log)
    assert {here, there} == set(servers)
    one.open("?digit=7&target=3&step=4")
    two.open("?digit=1&target=8")
    for _ in range(3):
        assert (server_of(one, log), server_of(two, log)) == (here, there)

    before = [frame(one), frame(two)]
    servers[here].kill()
    servers[here].wait()
    lose_connection(one)
    come_back(one)
    assert [frame(one), frame(two)] == before
    assert server_of(one, log) == there
    assert goes_on(one, 5)
    two.press("end")
    assert goes_on(two, 9)
    assert not two.complaints


# --- Requests that are refused -------------------------------------------------------------------


def test_behind_nginx_no_site_can_show_the_app_in_a_frame_and_nobody_reads_its_metrics_or_uploads(server, tmp_path):
    there = int(server.rsplit(":", 1)[1])
    nginx, port = start_nginx(tmp_path, [there, there])
    try:
        wait_for_answer(f"http://127.0.0.1:{port}")
        page = urlopen(f"http://127.0.0.1:{port}/")
        assert page.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert b"<title>Streamlit</title>" in page.read()
        for path in ("_stcore/metrics", "_stcore//metrics", "_stcore/%6detrics?families=active_sessions"):
            assert answer(f"http://127.0.0.1:{port}", "GET", path)[0] == 404
        with pytest.raises(HTTPError, match="403"):
            put(f"http://127.0.0.1:{port}/_stcore/upload_file/somebody/something", "no token", bytes(25_000_000))
        errors = (tmp_path / "errors.log").read_text(encoding="utf-8")
        assert "temporary file" not in errors  # no picture was on the disk
    finally:
        nginx.terminate()


def test_no_site_that_frames_the_app_may_send_it_commands(server):
    assert json.load(urlopen(f"{server}/_stcore/host-config"))["allowedOrigins"] == []


def test_a_page_of_another_site_cannot_connect(server):
    stream = f"{server.replace('http', 'ws')}/_stcore/stream"
    for known in (server, "http://localhost:3000", "https://127.0.0.1", "http://0.0.0.0:1"):
        with connect(stream, origin=known, subprotocols=["streamlit"]):
            pass
    for other in ("http://other.example", "null"):
        with pytest.raises(InvalidStatus, match="403"), connect(stream, origin=other):
            pass


def test_a_server_is_reached_by_the_names_it_was_told(class_server):
    _, address = class_server
    stream = f"{address.replace('http', 'ws')}/_stcore/stream"
    with connect(stream, origin="https://class.example", subprotocols=["streamlit"]):
        pass
    with pytest.raises(InvalidStatus, match="403"), connect(stream, origin="https://other.example"):
        pass
    there = stream.replace("127.0.0.1", "other.example")  # a name that somebody else points at this machine
    socket = create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])))
    with pytest.raises(InvalidStatus, match="403"), connect(there, sock=socket, origin="http://other.example"):
        pass


def answer(server: str, method: str, path: str) -> tuple[int, bytes]:
    """Return the status and the body of what the server says to a request without a cookie."""
    request = Request(f"{server}/{path}", data=None if method == "GET" else b"{}", method=method)
    try:
        with urlopen(request, timeout=LONG) as answered:
            return answered.status, answered.read()
    except HTTPError as refusal:
        return refusal.code, b""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "_stcore/upload_file/somebody/something"),  # no token, as another site's page has none
        ("DELETE", "_stcore/upload_file/somebody/something"),
        ("POST", "_stcore/agent/interact"),  # Streamlit's way for programs, which is off
    ],
)
def test_what_no_visitor_sends_is_refused(server, method, path):
    assert answer(server, method, path)[0] in (403, 404, 405)


def test_of_uploads_that_no_page_asked_for_one_is_kept_at_most(server):
    with connect(f"{server.replace('http', 'ws')}/_stcore/stream", subprotocols=["streamlit"], max_size=None) as socket:
        socket.send(BackMsg(rerun_script=ClientState()).SerializeToString())
        messages = (ForwardMsg.FromString(socket.recv(timeout=LONG)) for _ in iter(int, 1))
        session = next(each for each in messages if each.HasField("new_session")).new_session.initialize.session_id
        next(each for each in messages if each.HasField("script_finished"))
        token = urlopen(f"{server}/_stcore/health").headers["Set-Cookie"].split(";")[0].split("=", 1)[1]
        for k in range(10):
            assert put(f"{server}/_stcore/upload_file/{session}/{k}", token, bytes(5_000_000)) == 204
        assert upload_bytes(server) <= 5_000_000


def put(address: str, token: str, content: bytes) -> int:
    """Upload a file as a page of the app would, and return the status of the answer."""
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + content + b"\r\n--edge--"
    )
    headers = {
        "Content-Type": "multipart/form-data; boundary=edge",
        "Cookie": f"_streamlit_xsrf={token}",
        "X-Xsrftoken": token,
    }
    return urlopen(Request(address, body, headers, method="PUT"), timeout=LONG).status


def upload_bytes(server: str) -> int:
    """Return how many bytes of uploads the server says that it holds."""
    lines = urlopen(f"{server}/_stcore/metrics?families=cache_memory_bytes").read().decode().splitlines()
    return sum(int(line.split()[-1]) for line in lines if "UploadedFileManager" in line)


@pytest.mark.parametrize("path", ["media/../requirements.txt", "_stcore/../../app.py", "component/..%2f..%2fapp.py"])
def test_no_path_leads_to_a_file_of_the_server(server, path):
    status, body = answer(server, "GET", path)
    assert status in (400, 403, 404) or b"<title>Streamlit</title>" in body  # the app's own page, whatever the path
