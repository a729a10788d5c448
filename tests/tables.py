"""Tables that exist for one test alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models


@contextmanager
def tables_of(*made: type[models.Model]) -> Iterator[None]:
    """The tables of these models, in an order in which each may point at those before it."""
    with connection.schema_editor() as editor:
        for model in made:
            editor.create_model(model)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            for model in reversed(made):
                editor.delete_model(model)
