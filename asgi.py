"""HTTP goes to Django, but for probes; /ws to the one socket consumer; a handshake's origin is
checked here."""

import os
from typing import Any
from urllib.parse import urlsplit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http.request import validate_host

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path

from chat.consumers import Gateway
from chat.health import Health


class SameOrigin:
    """Refuses a handshake (HTTP 403) that a page of another site started.

    A client that sends no Origin is no browser, hence cannot be used against its user.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        origin, host = headers.get(b"origin"), headers.get(b"host", b"").decode("latin1")
        known = validate_host(host.rsplit(":", 1)[0], settings.ALLOWED_HOSTS)
        same = origin is None or urlsplit(origin.decode("latin1")).netloc == host
        if known and same:
            await self.application(scope, receive, send)
        else:
            await send({"type": "websocket.close"})


application = ProtocolTypeRouter(
    {
        "http": Health(django_application),
        "websocket": SameOrigin(CookieMiddleware(URLRouter([path("ws", Gateway.as_asgi())]))),
    }
)
