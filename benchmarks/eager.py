"""Visitors who ask for more than they wait for, and leave: python -m benchmarks.classroom --eager

Three cases, each on a fresh server: what another visitor waits while and after they come, and what is left
of their threads and memory. --checkout lets an earlier version of the project be measured in the same run.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from statistics import median

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.driving import start_server
from benchmarks.server_process import cpu_seconds, resident_mb, threads

HEAVY = {"model": "lenet", "rule": "tjsma", "direction": "both", "theta": 0.1}
"""Attacks that use their whole budget."""

ATTACKS = [(digit, sample, target) for sample in range(100, 170) for digit in range(10) for target in range(10)]
"""Digit, sample and target of attacks that nobody asks for twice."""


async def eager(checkouts: list[str]) -> None:
    """Run the cases on every checkout, one after the other, and print what was seen."""
    for case in (one_who_leaves, twenty_clicks, a_class_of_impatient):
        print(f"\n{case.__doc__.splitlines()[0]}")
        for checkout in checkouts:
            process, address = start_server(checkout=checkout)
            try:
                print(f"  {checkout}: {await case(address, process.pid)}", flush=True)
            finally:
                process.kill()


class Window:
    """A window of the lab: asks for attacks, and knows when the last one that was asked for is shown."""

    def __init__(self, socket: ClientConnection, dice: random.Random) -> None:
        self.socket, self.dice = socket, dice
        self.finished = asyncio.Event()
        self.runs: list[float] = []

    async def ask(self, wait: bool = True, **choice: object) -> float:
        """Ask for an attack, by default one that was never asked for; return how many seconds it took if `wait`."""
        digit, sample, target = self.dice.choice([each for each in ATTACKS if each[0] != each[2]])
        choice = HEAVY | {"digit": digit, "sample": sample, "target": target} | choice
        ask = BackMsg()
        ask.rerun_script.query_string = "&".join(f"{name}={value}" for name, value in choice.items())
        self.finished.clear()
        began = time.monotonic()
        await self.socket.send(ask.SerializeToString())
        if wait:
            await asyncio.wait_for(self.finished.wait(), 120)
        return time.monotonic() - began

    async def listen(self) -> None:
        """Read what the server sends, as a browser does."""
        async for data in self.socket:
            message = ForwardMsg.FromString(data)
            early = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            if message.WhichOneof("type") == "script_finished" and not early:
                self.finished.set()


@asynccontextmanager
async def window(address: str, seed: int) -> AsyncIterator[Window]:
    """Open the lab at `address` and close it in the end, whatever is still under way."""
    stream = f"{address.replace('http', 'ws')}/_stcore/stream"
    async with connect(stream, subprotocols=["streamlit"], max_size=None, open_timeout=120) as socket:
        opened = Window(socket, random.Random(seed))
        listening = asyncio.create_task(opened.listen())
        try:
            yield opened
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


async def one_who_leaves(address: str, pid: int) -> str:
    """One asks for 60 long attacks in 6 s and closes the window: what another waits for a new attack."""
    async with window(address, 1) as other:
        await other.ask(sample=0)
        quiet = median([await other.ask() for _ in range(5)])
        async with window(address, 2) as impatient:
            for _ in range(60):
                await impatient.ask(wait=False)
                await asyncio.sleep(0.1)
        waits = await other.ask()
        return f"quiet {quiet:.2f} s, then {waits:.2f} s; threads {threads(pid)}"


async def twenty_clicks(address: str, pid: int) -> str:
    """Twenty choices in two seconds: how long after the last the page is settled, beside a single choice."""
    async with window(address, 3) as hasty:
        await hasty.ask(sample=0)
        ordinary = median([await hasty.ask() for _ in range(5)])
        for _ in range(19):
            await hasty.ask(wait=False)
            await asyncio.sleep(0.1)
        last = await hasty.ask()
        return f"a single choice {ordinary:.2f} s, the last of twenty {last:.2f} s; threads {threads(pid)}"


async def a_class_of_impatient(address: str, pid: int) -> str:
    """30 ask twice a second for 40 s, in bursts of five a second, a third leave in the middle: another's opening."""

    async def stay(seed: int) -> None:
        dice = random.Random(seed)
        async with window(address, seed) as one:
            end = time.monotonic() + (20 if seed % 3 == 0 else 40)
            while time.monotonic() < end:
                for _ in range(5):
                    await one.ask(wait=False)
                    await asyncio.sleep(0.2)
                await asyncio.sleep(dice.uniform(1.0, 2.0))

    async with window(address, 0) as first:
        await first.ask()
    before = resident_mb(pid)
    visitors = [asyncio.create_task(stay(seed)) for seed in range(10, 40)]
    openings, most, begun = [], 0, time.monotonic()
    while not all(each.done() for each in visitors):
        await asyncio.sleep(5)
        most = max(most, threads(pid))
        async with window(address, int(time.monotonic())) as other:
            openings.append(await other.ask())
    await asyncio.gather(*visitors)
    peak = resident_mb(pid)
    await asyncio.sleep(60)
    return (
        f"openings {', '.join(f'{each:.1f}' for each in openings)} s; threads at most {most}, then {threads(pid)}; "
        f"memory {before:.0f} MB, {peak:.0f} at the end, {resident_mb(pid):.0f} a minute later; "
        f"CPU {cpu_seconds(pid) / (time.monotonic() - begun):.2f}"
    )
