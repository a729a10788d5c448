"""Where tries to sign in are counted: in Redis, for all processes; while it is away, in each.

Named by `settings.CACHES`, and asked by allauth's limits alone. A Redis that is away locks nobody
out, and lets nobody guess passwords without end: each process goes on counting for itself. So N
processes together allow at most N times the limit more than it says. What one counted alone is not
told to Redis afterwards; it is kept for the next time, until it is too old to count.
"""

import logging
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts import metrics
from accounts.bus._links import CLUSTER, CONNECT_SECONDS, LOST, Cluster, plain
from accounts.rest import Rest

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 1.0  # somebody waits at a form
SILENCE_SECONDS = 5.0  # in which a Redis that did not answer is not asked: one form asks ten times
OWN_KEYS_MAX = 50_000  # in this process, about 300 bytes each; then those unused for longest go


class LimitsCache(BaseCache):
    """Asks the Redis of `LOCATION` (`redis://` or `redis+cluster://`), or this process's memory.

    Never raises because of Redis. `clear` is not offered: the bus lives in the same database.
    """

    _rest = Rest()  # of the whole process

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        redis = _ClusterCache if CLUSTER in server else RedisCache
        self._shared = redis(plain(server), {**params, "OPTIONS": _IMPATIENT})
        self._own = LocMemCache("limits", {**params, "OPTIONS": {"MAX_ENTRIES": OWN_KEYS_MAX}})

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        return self._ask("add", key, value, timeout, version=version)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._ask("get", key, default, version=version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        return self._ask("set", key, value, timeout, version=version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        return self._ask("touch", key, timeout, version=version)

    def delete(self, key: Any, version: Any = None) -> Any:
        return self._ask("delete", key, version=version)

    def _ask(self, operation: str, *words: Any, version: Any) -> Any:
        if self._rest.is_over():
            try:
                answer = getattr(self._shared, operation)(*words, version=version)
            except LOST as error:
                self._falls_silent(error)
            else:
                self._answers()
                return answer
        metrics.LIMITS_ALONE.inc()
        return getattr(self._own, operation)(*words, version=version)

    def _falls_silent(self, error: Exception) -> None:
        if not self._rest.lasts(SILENCE_SECONDS):
            name = type(error).__name__
            logger.warning("limits: Redis is away (%s), this process counts for itself", name)

    def _answers(self) -> None:
        if self._rest.lasts(0.0):
            logger.warning("limits: Redis answers again, tries are counted for all processes")


class _ClusterCache(RedisCache):
    """Django's, in a cluster."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _ClusterClient


class _ClusterClient(RedisCacheClient):
    """Django's, asking the cluster instead of one server."""

    def __init__(self, servers: list[str], **_patience: Any) -> None:
        super().__init__(servers)
        self._cluster = Cluster(",".join(servers), "cache")  # which Django had taken apart

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._cluster.client


_IMPATIENT = {
    "socket_timeout": ANSWER_SECONDS,
    "socket_connect_timeout": CONNECT_SECONDS,
    "retry": Retry(NoBackoff(), 1),  # a connection that had gone stale
}
