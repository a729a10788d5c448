"""No page is reached by counting rows off: the thousandth would cost a thousand pages."""

import ast

import pytest

from accounts.models import Account
from tests.architecture.source import place, product, tree
from tests.no_offset import SKIPS_ROWS


@pytest.mark.django_db
@pytest.mark.parametrize("page", [slice(50, 100), slice(1, None)])
def test_a_query_that_skips_rows_fails_in_every_test(page):
    with pytest.raises(AssertionError, match="page by key"):
        list(Account.objects.order_by("id")[page])


def test_no_sql_of_ours_skips_rows():
    found = [
        f"{place(path, node)}: OFFSET"
        for path in product()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if "SELECT" in node.value and SKIPS_ROWS.search(node.value)
    ]
    assert not found, "\n".join(found)
