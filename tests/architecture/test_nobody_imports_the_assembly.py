"""What import-linter cannot see: the root modules, and attributes of one library."""

import ast

from tests.architecture.source import ROOT, imports, place, product, tree

ASSEMBLY = {"asgi", "urls", "settings", "manage"}
PACKERS = [
    ROOT / "chat/protocol.py",
    ROOT / "accounts/inbox.py",
    ROOT / "accounts/bus/_redis.py",
    ROOT / "safety/second_opinion/frames.py",
]


def test_no_module_imports_what_assembles_it():
    found = [
        f"{place(path, node)} imports {module}"
        for path in product()
        for module, node in imports(path)
        if module.split(".")[0] in ASSEMBLY
    ]
    assert not found, "\n".join(found)


def test_bytes_of_frames_are_made_in_four_modules_alone():
    found = [
        f"{place(path, node)} packs MessagePack"
        for path in product()
        if path not in PACKERS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "msgpack" and _is_msgspec(node.value)
    ]
    assert not found, "\n".join(found)


def _is_msgspec(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "msgspec"


def test_the_environment_is_read_in_settings_alone():
    found = [
        place(path, node)
        for path in product()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]
    assert not found, "\n".join(found)
