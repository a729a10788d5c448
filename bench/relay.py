"""The yardstick: a bare Channels relay on Daphne, as the Channels documentation would write it.

It pays nothing, checks nobody, screens and stores nothing. Run as `python -m bench.relay PORT
PREFIX [REDIS_URL]`; without Redis it uses the in-memory channel layer.
"""

import sys
from typing import Any
from urllib.parse import parse_qs

import django
from django.conf import settings


def configure(*, prefix: str, redis_url: str) -> None:
    """Only what Channels needs."""
    layer: dict[str, Any] = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    if redis_url:
        layer = {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                "hosts": [{"address": redis_url, "socket_timeout": None}],
                "prefix": prefix,
            },
        }
    else:
        layer["CONFIG"] = {"capacity": 1_000_000}  # the default of 100 would drop messages
    settings.configure(CHANNEL_LAYERS={"default": layer}, SECRET_KEY=prefix)
    django.setup()


def serve(port: int) -> None:
    """Relay until killed; prints `ready` when it listens."""
    from channels.generic.websocket import AsyncWebsocketConsumer
    from daphne.server import Server

    class Relay(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            query = parse_qs(self.scope["query_string"].decode())
            self.own, self.peer = f"seat_{query['own'][0]}", f"seat_{query['peer'][0]}"
            await self.channel_layer.group_add(self.own, self.channel_name)
            await self.accept()

        async def receive(self, text_data: str | None = None, bytes_data: Any = None) -> None:
            await self.channel_layer.group_send(self.peer, {"type": "relay", "body": bytes_data})

        async def relay(self, event: dict[str, Any]) -> None:
            await self.send(bytes_data=event["body"])

        async def disconnect(self, code: int) -> None:
            await self.channel_layer.group_discard(self.own, self.channel_name)

    Server(
        Relay.as_asgi(),
        [f"tcp:port={port}:interface=127.0.0.1"],
        ready_callable=lambda: print("ready", flush=True),
        verbosity=0,
    ).run()


if __name__ == "__main__":
    configure(prefix=sys.argv[2], redis_url=sys.argv[3] if len(sys.argv) > 3 else "")
    serve(int(sys.argv[1]))
