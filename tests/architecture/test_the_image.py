"""deploy/Dockerfile and compose.yaml say what they should; no daemon is needed to see it."""

import os
import re
import shutil
import subprocess

import pytest

from safety.rules import kernel
from tests.architecture.source import APPS, ROOT, tracked
from tests.architecture.test_operations_page import settings_read

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
COMPOSE = ROOT / "deploy" / "compose.yaml"
ADMITTED = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
READ_BY_BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
LAST_STAGE = DOCKERFILE.rsplit("\nFROM ", 1)[1]


def test_the_image_runs_as_nobody_stops_when_told_and_is_healthy_when_ready() -> None:
    user = re.findall(r"^USER (\w+)$", LAST_STAGE, re.MULTILINE)
    assert user == ["aparte"]
    assert LAST_STAGE.index("USER aparte") < LAST_STAGE.index("\nCMD ")
    assert "STOPSIGNAL SIGTERM" in LAST_STAGE
    healthcheck = LAST_STAGE.split("HEALTHCHECK")[1].split("\nCMD ")[0]
    assert "/readyz" in healthcheck


def test_every_package_of_the_image_is_installed_by_its_hash() -> None:
    installs = re.findall(r"pip install (.+)$", DOCKERFILE, re.MULTILINE)
    assert len(installs) == 2
    assert all(line.startswith("--require-hashes -r requirements") for line in installs)


def test_the_image_has_the_whole_product_and_nothing_that_is_not_tracked() -> None:
    packages = {app for app in APPS if app != "bench"}
    assert packages <= set(ADMITTED)
    assert all(tracked(name) for name in ADMITTED), ADMITTED


def test_the_image_has_the_compiled_kernel_and_no_compiler() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    (compiling,) = (stage for stage in stages if "python -m safety.rules.kernel" in stage)
    copied = re.findall(r"^COPY (\S+) (\S+)$", compiling, re.MULTILINE)
    assert copied == [("safety/__init__.py",) * 2, ("safety/rules",) * 2]
    assert f"safety/rules/{kernel.BUILT} safety/rules/\n" in LAST_STAGE
    assert LAST_STAGE.index("COPY . .") < LAST_STAGE.index(kernel.BUILT)
    assert "gcc" not in LAST_STAGE
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "**/*.so" in ignored  # one compiled on whoever builds it is not the image's


def test_the_composition_sets_only_settings_that_are_read() -> None:
    block = COMPOSE.read_text().split("environment: &environment")[1].split("  volumes:")[0]
    assert (named := set(re.findall(r"^    ([A-Z_]+):", block, re.MULTILINE)))
    assert not named - set(settings_read()) - READ_BY_BOTO3


def test_the_checker_accepts_the_composition() -> None:
    if not (checker := shutil.which("docker-compose")):
        pytest.skip("docker-compose is not installed: compose.yaml is not checked")
    asked = re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text())
    done = subprocess.run(
        [checker, "-f", str(COMPOSE), "config", "--quiet"],
        env={"PATH": os.environ["PATH"], **dict.fromkeys(asked, "given")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    nothing = subprocess.run(
        [checker, "-f", str(COMPOSE), "config", "--quiet"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert nothing.returncode != 0  # a secret that is not given is no empty secret
