"""The contracts of pyproject.toml hold, and each of them fails when it is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import APPS, ROOT

pytestmark = pytest.mark.sqlite  # no database at all: one engine's run is enough

BREACHES = {
    "apps": ("paywall/pricing.py", "import safety.events"),
    "modules": ("accounts/models.py", "import accounts.queries"),
    "ledger-tables": ("chat/queries/__init__.py", "import paywall.ledger.models"),
    "crypto": ("chat/api.py", "import cryptography"),
    "bucket": ("paywall/vault/store/folder.py", "import boto3"),
    "wire": ("chat/api.py", "import msgpack"),
    "transport": ("paywall/queries/__init__.py", "import ninja"),
    "pure": ("paywall/pricing.py", "import django.conf"),
    "training": ("safety/screening.py", "import safety.training.texts"),
    "no-verdict-power": ("safety/screening.py", "import safety.decisions"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for app in APPS:
        ignored = shutil.ignore_patterns("__pycache__", "migrations")
        shutil.copytree(ROOT / app, tmp_path / app, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [argument for name in contracts for argument in ("--contract", name)]
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", *chosen]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_contract_is_kept():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_of_each_contract_is_found(copy: Path, contract: str):
    path, line = BREACHES[contract]
    with (copy / path).open("a") as file:
        file.write(f"\n{line}\n")
    done = lint(copy, contract)
    assert done.returncode == 1, done.stdout
    assert line.removeprefix("import ").split(".")[0] in done.stdout
    assert path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") in done.stdout
