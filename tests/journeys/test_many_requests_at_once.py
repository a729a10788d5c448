"""More requests at once than the database has connections: each of them is answered."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.running_server import RunningServer
from tests.wire import Person

AT_ONCE, REQUESTS = 32, 64
NOT_BUILT = 503  # the client page of a checkout without its client


@pytest.mark.parametrize("path", ["/api/wallet", "/api/session", "/messages"])
def test_they_share_the_connections(town: RunningServer, path: str) -> None:
    with Person.of(town, "fan") as fan:
        cookies = {"sessionid": fan.http.cookies["sessionid"]}

    def ask(_: int) -> int:
        return httpx.get(town.url + path, cookies=cookies, timeout=30).status_code

    with ThreadPoolExecutor(AT_ONCE) as people:
        assert set(people.map(ask, range(REQUESTS))) <= {200, NOT_BUILT}
