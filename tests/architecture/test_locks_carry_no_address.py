"""A lock says what, never from where: the same file serves every index and mirror."""

import json
import re

import pytest

from tests.architecture.source import ROOT, tracked

ADDRESS = re.compile(r"\w+://|^\s*-|^\S+ @ ", re.MULTILINE)
REQUIREMENTS = sorted(path.name for path in tracked("requirements*.lock"))
PINNED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)( ;.*?)?( \\)?$")


def without_hashes(text: str) -> str:
    return re.sub(r" \\\n +--hash=sha256:[0-9a-f]{64}", "", text)


def pins(text: str) -> set[tuple[str, str]]:
    matches = [PINNED.match(line) for line in without_hashes(text).splitlines()]
    assert all(matches), "a line of a lock is not `name==version`"
    return {(m["name"], m["version"]) for m in matches if m}


def test_there_are_locks_to_check():
    assert REQUIREMENTS == [
        "requirements-dev.lock",
        "requirements-frontend.lock",
        "requirements-s3.lock",
        "requirements.lock",
    ]


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_a_python_lock_has_names_versions_and_hashes_alone(name: str):
    text = (ROOT / name).read_text()
    assert not ADDRESS.search(without_hashes(text))
    for requirement in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in requirement, requirement.splitlines()[0]


def test_an_address_or_an_index_option_would_be_seen():
    for line in ("--index-url https://a.example", "-i x", "pip @ file:///x", "git+ssh://x"):
        assert ADDRESS.search(f"django==6.1.3\n{line}\n"), line


def test_development_has_the_very_versions_that_run():
    development = pins((ROOT / "requirements-dev.lock").read_text())
    for name in ("requirements.lock", "requirements-s3.lock"):
        assert pins((ROOT / name).read_text()) <= development


def test_the_client_lock_names_no_place():
    text = (ROOT / "frontend" / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert len(packages) > 1
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert "node_modules/rollup" not in packages
    assert not re.search(r"\w+://", text)
    unproven = [n for n, p in packages.items() if n and not p.get("link") and "integrity" not in p]
    assert not unproven
