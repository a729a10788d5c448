"""Operations: real servers behind real programs, which take their time on a busy machine."""

import pytest

SECONDS_MAX = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No limit of ours is a measure."""
    for item in items:
        if "tests/operations/" in item.nodeid:
            item.add_marker(pytest.mark.timeout(SECONDS_MAX))
