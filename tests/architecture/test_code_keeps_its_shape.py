"""Small files and functions, promises in words, and nothing of one machine in the repository."""

import ast
import re
from collections.abc import Iterator

import pytest

from scripts import sizes
from tests.architecture.source import place, product, tracked, tree

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

# Home folders and work folders of some machine; written so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work|mnt|opt)/" + r"[\w.-]+")
SYSTEM_PLACES = ("/opt/homebrew",)
TEXT = {".py", ".sh", ".toml", ".md", ".ts", ".tsx", ".css", ".js", ".mjs", ".json", ".html", ""}
WITHOUT_MODULE_DOCSTRING = {"__init__.py", "apps.py"}


def test_files_functions_and_lines_stay_small():
    offenders = sizes.offenders()
    assert not offenders, "\n".join(offenders)


def test_nine_functions_in_ten_fit_in_twenty_five_lines():
    lengths = sorted(f.lines for path in product() for f in sizes.functions(path))
    assert lengths[int(len(lengths) * 0.9)] <= sizes.FUNCTION_P90_LINES


def public_functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
            yield node


def test_public_functions_say_what_they_promise():
    silent = [
        f"{place(path, node)} {node.name} has no docstring"
        for path in product()
        if path.name[0] != "_" or path.name == "__init__.py"
        for node in public_functions(tree(path).body)
        if not ast.get_docstring(node)
    ]
    assert not silent, "\n".join(silent)


def test_modules_say_what_they_hide():
    silent = [
        f"{place(path, tree(path))} has no docstring"
        for path in product()
        if path.name not in WITHOUT_MODULE_DOCSTRING and not ast.get_docstring(tree(path))
    ]
    assert not silent, "\n".join(silent)


def test_no_path_of_one_machine_is_written_down():
    found = [
        f"{path.name}: {match}"
        for path in tracked()
        if path.suffix in TEXT
        for match in MACHINE_PATH.findall(path.read_text(errors="replace"))
        if not match.startswith(SYSTEM_PLACES)
    ]
    assert not found, "\n".join(found)


def test_a_path_of_one_machine_would_be_seen():
    for path in ("/home/" + "ada/aparte", "/Users/" + "ada", "x=/root/" + ".cache"):
        assert MACHINE_PATH.search(path), path
