"""The settings of the databases that money depends on, shown by what happens, not by their text."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts.bus._links import listener
from accounts.models import Account
from tests.factories import make_fan

THREADS, TURNS = 8, 25


@pytest.mark.sqlite
@pytest.mark.django_db
def test_sqlite_writes_ahead_and_waits_for_the_disk() -> None:
    with connection.cursor() as cursor:
        found = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2}  # 2: FULL, because of money


@pytest.mark.sqlite
def test_sqlite_keeps_its_connections_and_tests_on_disk() -> None:
    database: dict[str, Any] = settings.DATABASES["default"]
    assert database["CONN_MAX_AGE"] is None
    assert str(settings.HOME) in str(database["TEST"]["NAME"])


@pytest.mark.django_db(transaction=True)
def test_many_threads_that_read_then_write_lose_nothing_and_are_never_locked_out() -> None:
    fan = make_fan(name="0")

    def count_up(_: int) -> None:
        try:
            for _turn in range(TURNS):
                with transaction.atomic():
                    row = Account.objects.select_for_update().get(id=fan.id)
                    row.name = str(int(row.name) + 1)
                    row.save(update_fields=["name"])
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(count_up, range(THREADS)))
    assert Account.objects.get(id=fan.id).name == str(THREADS * TURNS)


@pytest.mark.postgres
def test_postgresql_has_a_pool_and_no_age() -> None:
    database: dict[str, Any] = settings.DATABASES["default"]
    assert database["OPTIONS"]["pool"]["max_size"] >= settings.DB_THREADS
    assert database["CONN_MAX_AGE"] == 0


def test_an_idle_subscription_is_not_ended_by_a_read_timeout() -> None:
    client = listener("redis://127.0.0.1:6379/0", "test")
    assert client.connection_pool.connection_kwargs["socket_timeout"] is None
