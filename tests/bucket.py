"""A bucket of an S3 server on this machine, and what lies in it.

The server is moto's, as a process: it checks neither signatures nor policies, so a green test says
nothing about either.
"""

import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.running_server import ROOT, free_port
from tests.wire import until

# What boto3 looks for; nothing of whoever runs the tests is used.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "secret-of-tests",
    "AWS_CONFIG_FILE": "",
    "AWS_SHARED_CREDENTIALS_FILE": "",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "eu-west-3",
}
START_SECONDS = 60.0


@dataclass(frozen=True)
class LocalBucket:
    """An empty bucket of its own, at `url` as MEDIA_URL names it."""

    port: int
    name: str

    @property
    def url(self) -> str:
        return self.behind(self.port)

    def behind(self, port: int) -> str:
        """The same bucket, reached by another port."""
        return f"s3://{self.name}/sealed?endpoint=http://127.0.0.1:{port}&region=eu-west-3"

    @property
    def env(self) -> dict[str, str]:
        """What a server needs to use it."""
        return {**CREDENTIALS, "MEDIA_URL": self.url}

    def objects(self) -> dict[str, bytes]:
        """Every object by its key."""
        found = self._client().list_objects_v2(Bucket=self.name).get("Contents", [])
        return {one["Key"]: self.read(one["Key"]) for one in found}

    def read(self, key: str) -> bytes:
        body: bytes = self._client().get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def write(self, key: str, content: bytes) -> None:
        self._client().put_object(Bucket=self.name, Key=key, Body=content)

    def write_many(self, keys: Iterable[str]) -> None:
        """Objects without content."""
        client = self._client()
        for key in keys:
            client.put_object(Bucket=self.name, Key=key)

    def create(self) -> None:
        self._client().create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
        )

    def _client(self) -> Any:
        import boto3

        return boto3.session.Session(
            aws_access_key_id="tests", aws_secret_access_key="other", region_name="eu-west-3"
        ).client("s3", endpoint_url=f"http://127.0.0.1:{self.port}")


@contextmanager
def s3_server() -> Iterator[int]:
    """The port of a running server; skips, with the reason, where it is not installed."""
    for needed in ("boto3", "moto", "flask"):
        if not find_spec(needed):
            pytest.skip(f"{needed} is not installed (extras s3 and dev): no bucket is tried")
    port = free_port()
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.running_server"),  # dies with us
            *(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port), seconds=START_SECONDS)
        yield port
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/moto-api/").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def answering(content: bytes) -> Iterator[int]:
    """The port of a server that says this to whatever it is asked, and closes; nothing, when there
    is nothing to say, and then it waits."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=_say, args=(listening, content), daemon=True).start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)


def _say(listening: socket.socket, content: bytes) -> None:
    guests = []
    with suppress(OSError):
        while True:
            guest, _ = listening.accept()
            guests.append(guest)
            if content:
                guest.recv(65_536)
                guest.sendall(content)
                guest.shutdown(socket.SHUT_WR)
    for guest in guests:
        guest.close()
