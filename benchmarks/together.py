"""A class at once: from the teacher's reveal to every screen; for `python -m benchmarks.classroom --class`.

Students are websockets that speak Streamlit's messages, spread over the servers; each waits for another pulse than it
has drawn, as pages/ui/shared/classroom/watch.js does, and lets its page draw what has changed. The teacher acts on the
database itself, so measured is from a reveal that is stored to the end of the last run that shows it. Students, servers
and database share the machine's cores.
"""

import asyncio
import json
import random
import re
import tempfile
import time
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.driving import start_server
from benchmarks.server_process import cpu_seconds, resident_mb
from pages.ui.choice import Choice
from pages.ui.shared.classroom import database
from pages.ui.shared.classroom.activities import Activity, setting_of
from pages.ui.shared.classroom.store import Store

FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
TOKEN = re.compile(rb'token[\\": ]+([\w-]{22})')
SHOWN = "found the best pair"


async def together(students: list[int], servers: int, address: str, rounds: int) -> None:
    """Print, for classes of several sizes, how long the reveals took to reach all screens, and what that cost."""
    print(f"{'students':>8} {'servers':>7} {'median':>7} {'p95':>6} {'last':>6}  seconds; CPU a reveal; MB; errors")
    for count in students:
        with tempfile.TemporaryDirectory() as folder:
            url = address or f"sqlite:///{folder}/classes.sqlite"
            await _a_class(count, servers, url, rounds)


async def _a_class(count: int, servers: int, url: str, rounds: int) -> None:
    environment = {database.ADDRESS: url, "JSMA_WINDOWS_PER_ADDRESS": str(count + 10)}
    started = [start_server(environment) for _ in range(servers)]
    store = Store(database.connect(url))
    code, secret = store.open_class(Activity.WAIT.kind, "")
    students = [Student(started[number % servers][1], code, number) for number in range(count)]
    try:
        tasks = [asyncio.create_task(student.stay(10 * k / count)) for k, student in enumerate(students)]
        await _until(lambda: all(student.token or student.fault for student in students))
        took, cpu = [], 0.0
        for number in range(1, rounds + 1):
            setting = setting_of(Choice(digit=7, target=3, step=number % 5))
            store.begin(code, secret, Activity.PREDICT.kind, setting)
            now = store.current(code)
            await _until(lambda now=now: all(one.drawn >= now.version or one.fault for one in students))
            for one in students:
                if not one.fault:
                    store.answer(code, one.token, now.number, *sorted(one.dice.sample(range(784), 2)))
            before = sum(cpu_seconds(process.pid) for process, _ in started)
            store.reveal(code, secret)
            began = time.monotonic()
            await _until(lambda began=began: all(one.shown > began or one.fault for one in students))
            cpu += sum(cpu_seconds(process.pid) for process, _ in started) - before
            took += [one.shown - began for one in students if not one.fault]
        took.sort()
        faults = [student.fault for student in students if student.fault]
        memory = sum(resident_mb(process.pid) for process, _ in started)
        p95 = took[int(0.95 * (len(took) - 1))]
        print(
            f"{count:8} {servers:7} {took[len(took) // 2]:7.2f} {p95:6.2f} {took[-1]:6.2f}  "
            f"{cpu / rounds:.2f}; {memory:.0f}; {len(faults)}",
            flush=True,
        )
        for fault in faults[:3]:
            print("   ", fault)
        for task in tasks:
            task.cancel()
    finally:
        store.end(code, secret)
        for process, _ in started:
            process.kill()


async def _until(holds, seconds: float = 300) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


class Student:
    """One window of a student. token: once joined; drawn: the version on the page; shown: when it last showed picks."""

    def __init__(self, address: str, code: str, number: int) -> None:
        self.address, self.code, self.dice = address, code, random.Random(number)
        self.token, self.fault = "", ""
        self.drawn, self.shown = 0, 0.0
        self._buttons: dict[str, str] = {}
        self._fragment = ""

    async def stay(self, after: float) -> None:
        """Join after so many seconds, then draw every change."""
        await asyncio.sleep(after)
        stream = f"{self.address.replace('http', 'ws')}/_stcore/stream"
        try:
            async with connect(stream, subprotocols=["streamlit"], max_size=None, open_timeout=60) as socket:
                await self._run(socket)
                await self._run(socket, press="class-join-link")
                while True:
                    version = (await self._pulse())["version"]
                    if version != self.drawn:
                        await self._run(socket, fragment=self._fragment)
                        self.drawn = version
        except Exception as fault:  # a benchmark counts whatever goes wrong
            self.fault = repr(fault)

    async def _pulse(self) -> dict[str, int]:
        where = urlsplit(self.address)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            writer.write(
                f"GET /classroom?code={self.code}&seen={self.drawn} HTTP/1.0\r\nHost: {where.netloc}\r\n\r\n".encode()
            )
            answer = await reader.read()
        finally:
            writer.close()
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    async def _run(self, socket: ClientConnection, press: str = "", fragment: str = "") -> None:
        ask = BackMsg()
        ask.rerun_script.query_string = f"class={self.code}"
        ask.rerun_script.page_name = "Class"
        ask.rerun_script.fragment_id = fragment
        if press:
            state = ask.rerun_script.widget_states.widgets.add()
            state.id, state.trigger_value = self._buttons[press], True
        await socket.send(ask.SerializeToString())
        async with asyncio.timeout(120):
            while not self._heard(await socket.recv()):
                pass

    def _heard(self, content: bytes) -> bool:
        """Note what the server sends; return whether it has ended a run."""
        message = ForwardMsg.FromString(content)
        kind = message.WhichOneof("type")
        if kind == "delta":
            element = message.delta.new_element
            if message.delta.fragment_id:
                self._fragment = message.delta.fragment_id
            if element.WhichOneof("type") == "button":
                self._buttons["-".join(element.button.id.rsplit("-", 3)[1:])] = element.button.id
            elif element.WhichOneof("type") == "exception":
                self.fault = element.exception.message
            elif element.WhichOneof("type") == "markdown" and SHOWN in element.markdown.body:
                self.shown = time.monotonic()
            elif found := TOKEN.search(content):
                self.token = found[1].decode()
        return kind == "script_finished" and message.script_finished in FINISHED
