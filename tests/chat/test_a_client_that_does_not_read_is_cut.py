"""Daphne with our bound: a stalled client is disconnected, one that reads receives everything."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from chat.daphne_limits import UNSENT_MAX_BYTES
from tests.running_server import ROOT, free_port

FRAME_BYTES = 256 * 1024
FLOOD_FRAMES = 200  # 50 MiB: far above the bound and what kernels buffer
SERVER = f"""
import sys
from daphne.server import Server
from chat import daphne_limits

async def answer_with_as_many_frames_as_asked(scope, receive, send):
    await receive()
    await send({{"type": "websocket.accept"}})
    while (message := await receive())["type"] == "websocket.receive":
        for _ in range(int(message["text"])):
            await send({{"type": "websocket.send", "bytes": bytes({FRAME_BYTES})}})

daphne_limits.install()
endpoint = f"tcp:port={{sys.argv[1]}}:interface=127.0.0.1"
ready = lambda: print("ready", flush=True)
Server(answer_with_as_many_frames_as_asked, [endpoint], ready_callable=ready).run()
"""


@pytest.fixture
def address() -> Iterator[str]:
    """A socket that answers a number with that many frames, as fast as it can."""
    port = free_port()
    command = [sys.executable, "-c", SERVER, str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield f"ws://127.0.0.1:{port}/"
        process.kill()


async def read_to_the_end(socket: ClientConnection, received: list[int]) -> None:
    while True:
        received.append(len(await socket.recv()))


async def test_a_client_that_reads_receives_everything(address: str):
    async with connect(address, max_size=None) as socket:
        for _ in range(FLOOD_FRAMES // 4):
            await socket.send("4")
            assert [len(await socket.recv()) for _ in range(4)] == [FRAME_BYTES] * 4


async def test_a_client_that_stops_reading_is_cut_long_before_the_end(address: str):
    received: list[int] = []
    async with connect(address, max_size=None, max_queue=1, ping_interval=None) as socket:
        await socket.send(str(FLOOD_FRAMES))
        socket.transport.pause_reading()
        await asyncio.sleep(1)  # how slow this client is: the subject of the test
        socket.transport.resume_reading()
        with pytest.raises(ConnectionClosedError):
            await read_to_the_end(socket, received)
    kernel_buffers = 16 * 1024 * 1024
    assert sum(received) < UNSENT_MAX_BYTES + kernel_buffers < FLOOD_FRAMES * FRAME_BYTES
