"""Runs manage.py with bugs that quote people: a handler, a route, the writer and a rule that raise.

Only for what holds one of these words; the launcher of a server (`tests.running_server`).
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import django
from twisted.internet import defer

from safety.rules.matcher import Matcher
from tests import broken_rule

IN_A_HANDLER, IN_THE_WRITER, IN_A_ROUTE = "zzhandler", "zzwriter", "zzroute"


def quoting(function: Callable[..., Any], word: str) -> Callable[..., Any]:
    """The same function, which raises with all its arguments when one of them holds the word."""

    def buggy(*arguments: Any, **options: Any) -> Any:
        if word in (given := f"{arguments} {options}"):
            defer.fail(ValueError(given))  # nobody looks at it
            raise ValueError(given)
        return function(*arguments, **options)

    return buggy


def install() -> None:
    """Put the bugs in place."""
    bugs = (
        ("chat.policies", "clean_body", IN_A_HANDLER),
        ("chat.batching", "send_messages", IN_THE_WRITER),
        ("accounts.api", "set_language", IN_A_ROUTE),
    )
    Matcher.match = broken_rule.match  # type: ignore[method-assign]  # as in that launcher
    for place, name, word in bugs:
        module = import_module(place)
        setattr(module, name, quoting(getattr(module, name), word))


if __name__ == "__main__":
    import manage

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    manage.tell_settings_the_port(sys.argv[1:])
    django.setup()
    install()
    manage.main()
