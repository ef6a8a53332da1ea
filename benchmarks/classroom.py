"""A class at once: visitors of the lab, each choosing digits and targets: python -m benchmarks.classroom

Each visitor is a websocket that speaks Streamlit's own messages, as a browser's would: it opens the
lab, and every few seconds chooses another target, or another digit, or stays for a step, which runs the
page once more. With --samples some choose another sample of their digit, so that six times as many attacks
are asked for and few of them have been computed for somebody before. Measured is from the choice to the end
of the page's run, with all that is to be drawn sent.
The visitors and the server share the machine's cores, as they do not in a class.
"""

import argparse
import asyncio
import os
import random
import time
from statistics import median, quantiles

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.driving import ROOT, start_server
from benchmarks.eager import eager
from benchmarks.server_process import cpu_seconds, resident_mb
from benchmarks.together import together

PAUSE_SECONDS = (2.0, 6.0)
"""How long a visitor looks before choosing again."""


def main() -> None:
    """Let classes of several sizes in, one after the other, each on a fresh server, and print what they saw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 10, 30, 60])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--model", default="tutorial")
    parser.add_argument("--samples", action="store_true", help="let them choose other samples, too")
    parser.add_argument("--after", type=float, default=0, help="leave out what is asked for in the first seconds")
    parser.add_argument("--eager", action="store_true", help="visitors who ask for more than they wait for, and leave")
    parser.add_argument("--checkout", nargs="+", default=[], help="with --eager: earlier versions, to be measured too")
    parser.add_argument("--class", dest="together", action="store_true", help="one class, from a reveal to all screens")
    parser.add_argument("--servers", type=int, default=1, help="with --class: how many share the class")
    parser.add_argument("--database", default="", help="with --class: an address in place of a file of its own")
    parser.add_argument("--rounds", type=int, default=5, help="with --class: how many reveals")
    options = parser.parse_args()
    if options.together:
        return asyncio.run(together(options.visitors, options.servers, options.database, options.rounds))
    if options.eager:
        return asyncio.run(eager([*options.checkout, str(ROOT)]))
    print(f"{os.cpu_count()} cores, {options.model}, {options.seconds:.0f} s each; seconds unless said otherwise")
    titles = f"{'visitors':>8} {'opening':>18} {'a new target':>24} {'a new digit':>24} {'a step':>16}"
    print(f"{titles}   CPU  memory, MB  errors")
    for count in options.visitors:
        asyncio.run(a_class(count, options.seconds, options.after, options.model, options.samples))


async def a_class(count: int, seconds: float, after: float, model: str, samples: bool) -> None:
    """Let `count` visitors in within ten seconds; print how long they waited, from `after` on, and what it took."""
    process, address = start_server()
    try:
        begun, memory = time.monotonic(), []
        visitors = [Visitor(address, model, number, samples, begun + after) for number in range(count)]
        stays = [asyncio.create_task(one.stay(10 * k / count, begun + seconds)) for k, one in enumerate(visitors)]
        while not all(stay.done() for stay in stays):
            await asyncio.sleep(1)
            memory.append(resident_mb(process.pid))
        cpu = cpu_seconds(process.pid) / (time.monotonic() - begun)
        faults = [fault for one in visitors for fault in one.faults]
        kinds = (("open", 18), ("target", 24), ("digit", 24), ("step", 16))
        took = {kind: [each for one in visitors for each in one.took[kind]] for kind, _ in kinds}
        took["digit"] += [each for one in visitors for each in one.took["sample"]]
        line = " ".join(f"{summary(took[kind], width == 24):>{width}}" for kind, width in kinds)
        thirds = " → ".join(f"{memory[k * (len(memory) - 1) // 3]:.0f}" for k in (1, 2, 3))
        print(f"{count:8} {line} {cpu:5.2f}  {thirds}  {len(faults)}", flush=True)
        for fault in faults[:3]:
            print("   ", fault)
    finally:
        process.kill()


class Visitor:
    """One who looks on, chooses and steps; `took` holds how long each lasted, in seconds, of those after `counted`."""

    def __init__(self, address: str, model: str, number: int, samples: bool, counted: float) -> None:
        self.counted = counted
        self.address, self.model, self.dice = address.replace("http", "ws"), model, random.Random(number)
        self.took: dict[str, list[float]] = {"open": [], "target": [], "digit": [], "sample": [], "step": []}
        self.kinds = ("target", "target", "digit", *(["sample", "sample"] if samples else []), "step", "step")
        self.faults: list[str] = []
        self.buttons: dict[str, str] = {}
        self.query = f"model={model}&digit={number % 10}&target={(number + 3) % 10}"

    async def stay(self, after: float, until: float) -> None:
        """Come after so many seconds and stay until then."""
        await asyncio.sleep(after)
        stream = f"{self.address}/_stcore/stream"
        try:
            async with connect(stream, subprotocols=["streamlit"], max_size=None, open_timeout=60) as socket:
                await self.do(socket, "open")
                while time.monotonic() < until:
                    await asyncio.sleep(self.dice.uniform(*PAUSE_SECONDS))
                    await self.do(socket, self.dice.choice(self.kinds))
        except Exception as fault:  # a benchmark counts whatever goes wrong
            self.faults.append(repr(fault))

    async def do(self, socket: ClientConnection, kind: str) -> None:
        """Ask for a run of the page and wait for its end."""
        ask = BackMsg()
        ask.rerun_script.query_string = self.query
        if kind in ("target", "digit", "sample"):
            offered = [key for name, key in self.buttons.items() if name.startswith(kind)]
            state = ask.rerun_script.widget_states.widgets.add()
            state.id, state.trigger_value = self.dice.choice(offered), True
        began = time.monotonic()
        await socket.send(ask.SerializeToString())
        await asyncio.wait_for(self._until_finished(socket), 60)
        if began >= self.counted:
            self.took[kind].append(time.monotonic() - began)

    async def _until_finished(self, socket: ClientConnection) -> None:
        fresh: dict[str, str] = {}
        while True:
            message = ForwardMsg.FromString(await socket.recv())
            kind = message.WhichOneof("type")
            if kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
                self.faults.append(message.delta.new_element.exception.message)
            elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "button":
                button = message.delta.new_element.button
                name = button.id.rsplit("-", 2)[-2:]
                if name[0] in ("digit", "target", "sample") and not button.disabled:
                    fresh["-".join(name)] = button.id
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self.buttons = fresh or self.buttons
                return


def summary(taken: list[float], tail: bool = False) -> str:
    """Return the median of some times, and where 95 in 100 of them end."""
    if len(taken) < 2:
        return f"{taken[0]:.2f}" if taken else "–"
    last = quantiles(taken, n=20)[-1]
    return f"{median(taken):.2f}, p95 {last:.2f}" + (f" ({len(taken)})" if tail else "")


if __name__ == "__main__":
    main()
