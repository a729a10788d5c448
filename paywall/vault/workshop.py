"""Hides the sandbox program: an upload goes in, clean pictures or a `Rejected` come out."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings

from paywall.vault.gate import Rejected
from paywall.vault.sandbox import Pictures

PROGRAM = "paywall.vault.sandbox"
ENVIRONMENT = {"VIPS_CONCURRENCY": "1", "PYTHONDONTWRITEBYTECODE": "1"}  # and none of ours
WALL_MAX_SECONDS = 40.0
SANDBOXES_MAX = 2
SANDBOX_POOL = ThreadPoolExecutor(max_workers=SANDBOXES_MAX, thread_name_prefix="sandbox")


def develop(upload: bytes) -> Pictures:
    """The clean pictures of an upload, made in a process that holds nothing worth stealing.

    Raises `Rejected` for what is no picture of ours, is too large, damaged, or runs out of the
    sandbox's time or memory. Blocks until the program ended: call it from `SANDBOX_POOL`.
    """
    with subprocess.Popen(  # noqa: S603 - our own program, no shell, no argument from outside
        [sys.executable, "-m", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=settings.BASE_DIR,
        env=ENVIRONMENT,
        start_new_session=True,
    ) as program:
        try:
            answer, _ = program.communicate(upload, timeout=WALL_MAX_SECONDS)
        except subprocess.TimeoutExpired:
            raise Rejected("file_type", "too_slow") from None
        finally:
            _end(program)
    if program.returncode != 0:
        raise Rejected("file_type", "decoder_stopped")
    return read_answer(answer)


def _end(program: "subprocess.Popen[bytes]") -> None:
    """Kill the program with everything it started; nothing when it has ended."""
    if program.poll() is None:
        os.killpg(program.pid, signal.SIGKILL)


def read_answer(answer: bytes) -> Pictures:
    """The pictures of an answer, whose shape is checked: its writer may have been taken over.

    Raises `Rejected`.
    """
    line, _, body = answer.partition(b"\n")
    try:
        facts: dict[str, Any] = json.loads(line)
        if "code" in facts:
            raise Rejected(str(facts["code"]), str(facts["reason"])[:40])
        served, thumbnail, lure = (int(length) for length in facts["lengths"])
        width, height = int(facts["width"]), int(facts["height"])
    except (ValueError, KeyError, TypeError, IndexError):
        raise Rejected("file_type", "sandbox_answer") from None
    if min(served, thumbnail, lure, width, height) < 1 or served + thumbnail + lure != len(body):
        raise Rejected("file_type", "sandbox_answer")
    rest = body[served:]
    return Pictures(width, height, body[:served], rest[:thumbnail], rest[thumbnail:])
