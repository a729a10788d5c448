"""Moderators see neither money nor audience: no field for it in tables, events, REST or code."""

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import msgspec
import pytest
from django.apps import apps

from accounts.events import Event
from safety import decisions, events, queries
from safety.models import MACHINE_VERDICTS
from safety.screening import Action
from urls import api

FORBIDDEN = re.compile(r"cents|price|amount|balance|revenue|wallet|paid|follower|audience|sales")


def model_fields() -> Iterator[str]:
    for model in apps.get_app_config("safety").get_models():
        for field in model._meta.get_fields():
            yield f"{model.__name__}.{field.name}"


def event_fields() -> Iterator[str]:
    for name, member in vars(events).items():
        if isinstance(member, type) and issubclass(member, Event) and member is not Event:
            for field in msgspec.structs.fields(member):
                yield f"{name}.{field.name}"


def desk_types() -> Iterator[str]:
    for kind in (
        decisions.Ruling,
        decisions.ContextLine,
        decisions.SubjectContext,
        queries.CaseRow,
        queries.CaseView,
        queries.Rule,
        queries.StatementView,
    ):
        for field in fields(kind):
            yield f"{kind.__name__}.{field.name}"


def rest_fields() -> Iterator[str]:
    """Every property of every schema that a route of safety takes or answers."""
    schema = api.get_openapi_schema()
    for path, operations in schema["paths"].items():
        if re.search(r"/(desk|statements|reports|report-reasons)\b", path):
            yield path
            yield from _walk(operations, schema, set())


def _walk(node: Any, schema: Any, seen: set[str]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _walk(item, schema, seen)
    if not isinstance(node, dict):
        return
    if (reference := node.get("$ref")) and reference not in seen:
        seen.add(reference)
        name = reference.rpartition("/")[2]
        yield from _walk(schema["components"]["schemas"][name], schema, seen)
    yield from node.get("properties", {})
    for key, value in node.items():
        if key not in ("description", "summary"):
            yield from _walk(value, schema, seen)


@pytest.mark.parametrize("source", [model_fields, event_fields, desk_types, rest_fields])
def test_no_field_knows_money_or_audience(source):
    names = list(source())
    assert len(names) > 15
    assert [name for name in names if FORBIDDEN.search(name.lower())] == []


def test_the_walk_would_find_such_a_field():
    names = list(rest_fields())
    assert {"due_at", "spans", "lease_token", "is_subject", "on_duty_since"} <= set(names)
    assert FORBIDDEN.search("price_cents")
    assert FORBIDDEN.search("followers")


def test_the_machine_has_three_words_and_no_fourth():
    assert {action.value for action in Action} == set(MACHINE_VERDICTS) == {"pass", "flag", "hold"}
