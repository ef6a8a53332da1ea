"""On a running server: what a visitor has asked for and does not want any more is not computed."""

import asyncio

import pytest

from benchmarks.driving import start_server
from benchmarks.eager import window
from benchmarks.server_process import cpu_seconds, threads
from tests.helpers.loops import in_a_loop

pytestmark = pytest.mark.slow

ASKED = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    process, address = start_server({"JSMA_DATA_DIR": str(tmp_path_factory.mktemp("empty"))})
    yield address, process.pid
    process.kill()
    process.wait()


async def used(pid: int, ask) -> float:
    """Return how many seconds of the processor the server uses from now on until it has nothing left to do."""
    before = cpu_seconds(pid)
    await ask()
    last = None
    while last is None or cpu_seconds(pid) - last > 0.03:
        last = cpu_seconds(pid)
        await asyncio.sleep(0.4)
    return cpu_seconds(pid) - before


@pytest.mark.parametrize("leaves", [True, False])
def test_only_the_last_of_many_wishes_is_computed(server, leaves):
    address, pid = server

    async def visit() -> tuple[float, float]:
        async with window(address, 1 + leaves) as visitor:
            await visitor.ask()
            single = await used(pid, visitor.ask)
            if not leaves:
                return single, await used(pid, lambda: many(visitor))

        async def come_and_go() -> None:
            async with window(address, 3) as other:
                await many(other)

        return single, await used(pid, come_and_go)

    async def many(visitor) -> None:
        for _ in range(ASKED):
            await visitor.ask(wait=False)
            await asyncio.sleep(0.1)
        if not leaves:
            await visitor.finished.wait()

    single, all_together = in_a_loop(visit())
    assert all_together < ASKED / 2 * single
    assert threads(pid) < ASKED
