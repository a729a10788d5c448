"""Hides what a probe asks: `/healthz`, does this process answer; `/readyz`, may it be given work.

Answered before Django: a probe has no session, may come by any host name, and must not wait behind
the middleware it asks about.
"""

import asyncio
import json
from typing import Any

from django.db import Error, connection

from accounts import inbox, replica
from accounts.db import in_db
from chat import drain
from paywall.vault import store
from safety import screening

DATABASE_SECONDS = 2.0  # a database that takes longer does not answer
HEADERS = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class Health:
    """An ASGI application that answers probes and passes on everything else."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._asked: asyncio.Task[bool] | None = None  # of the database, by all probes together

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/healthz":
            await _answer(send, 200, {"alive": True})
        elif scope["path"] == "/readyz":
            missing = await self._missing()
            told = {"ready": not missing, "missing": missing, "degraded": _degraded()}
            await _answer(send, 503 if missing else 200, told)
        else:
            await self._application(scope, receive, send)

    async def _missing(self) -> list[str]:
        parts = {
            "staying": not drain.leaving(),
            "rule_book": screening.loaded(),
            "database": await self._database_answers(),
        }
        return [name for name, there in parts.items() if not there]

    async def _database_answers(self) -> bool:
        """One question at a time, however many probes come: a silent database costs one thread."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.ensure_future(in_db(_answers)())
        done, _ = await asyncio.wait({self._asked}, timeout=DATABASE_SECONDS)
        return bool(done) and self._asked.result()


def _degraded() -> list[str]:
    """What a process goes on without. Redis is away from all of them at once: a balancer that took
    every one of them away for it would make of late hints a platform that nobody reaches."""
    parts = {
        "bus": inbox.hears_others(),
        "replica": not replica.silent(),
        "media": not store.silent(),
    }
    return [name for name, answers in parts.items() if not answers]


def _answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except Error:
        return False


async def _answer(send: Any, status: int, body: dict[str, Any]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": HEADERS})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
