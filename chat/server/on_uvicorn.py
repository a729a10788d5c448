"""Hides uvicorn (extra `uvicorn`): the same application, limits and last words as on Daphne."""

import asyncio
from socket import socket
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from chat.daphne_limits import FRAME_MAX_BYTES
from chat.server.life import LAST_WORDS_SECONDS, Life


def serve(application: Any, listening: socket, life: Life) -> None:
    """Serve until `life` ends."""
    config = uvicorn.Config(
        application,
        ws=_Protocol,
        ws_max_size=FRAME_MAX_BYTES,
        ws_per_message_deflate=False,  # 30 KB a socket, for texts of 200 bytes
        http="h11",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,  # who may be believed is Django's affair, as on Daphne
        server_header=False,
        timeout_keep_alive=60,  # a proxy keeps its connections that long
        timeout_graceful_shutdown=LAST_WORDS_SECONDS,
    )
    _Server(config, life).run(sockets=[listening])


class _Protocol(WebSocketsSansIOProtocol):
    """uvicorn's, which cuts a client that does not read where uvicorn would wait for it."""

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close" and not self.writable.is_set():
            self.transport.abort()  # no close code can reach it
            return
        await super().send(message)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # closing would wait for a reader who is not there


class _Server(uvicorn.Server):
    """uvicorn, whose signals are `life`'s."""

    servers: list[asyncio.base_events.Server]

    def __init__(self, config: uvicorn.Config, life: Life) -> None:
        super().__init__(config)
        self._life = life

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._life.begin(self, asyncio.get_running_loop())

    def stop_accepting(self) -> None:
        for server in self.servers:
            server.close()

    def answering(self) -> bool:
        cycles = [getattr(protocol, "cycle", None) for protocol in self.server_state.connections]
        return any(cycle is not None and not cycle.response_complete for cycle in cycles)

    def stop(self) -> None:
        self.should_exit = True
