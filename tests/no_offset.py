"""Hides how every query of the suite is watched: none may count rows off to reach its page."""

import re
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

SKIPS_ROWS = re.compile(r"\bOFFSET\b", re.IGNORECASE)


def install() -> None:
    """From now on a query with OFFSET fails wherever it is run, on every connection."""
    connection_created.connect(_watch, dispatch_uid="no_offset")


def _watch(connection: BaseDatabaseWrapper, **signal: Any) -> None:
    if _refuse not in connection.execute_wrappers:
        connection.execute_wrappers.append(_refuse)


def _refuse(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
    assert not SKIPS_ROWS.search(sql), f"page by key, not by OFFSET: {sql}"
    return execute(sql, *arguments)
