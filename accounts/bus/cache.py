"""Django's cache in a Redis Cluster: named by `settings.CACHES`, used by the limits of sign-in."""

from collections.abc import Mapping
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient

from accounts.bus._links import Cluster, plain


class _Client(RedisCacheClient):
    """Django's, asking the cluster instead of one server."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self._cluster = Cluster(plain(servers[0]), "cache")

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._cluster.client

    def set_many(self, data: Mapping[Any, Any], timeout: Any) -> None:
        """One by one: a cluster takes no MSET in a pipeline, whatever lies together."""
        for key, value in data.items():
            self.set(key, value, timeout)


class ClusterCache(RedisCache):
    """Needs a `KEY_PREFIX` with a hash tag (`{aparte}`): what is asked together lies together."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client
