"""The real nginx with the shipped configuration, on ports and in a folder of its own."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.running_server import ROOT, RunningServer
from tests.wire import until

SHIPPED = ROOT / "deploy" / "nginx"
MISSING = "nginx is not installed: its configuration is not tried (Debian: apt install nginx-light)"
MAIN = """
{user}
daemon off;
pid {folder}/pid;
error_log {folder}/error.log warn;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include aparte.conf;
    include upstream.conf;
}}
"""


class Ports(NamedTuple):
    """Of the proxy, of the server behind it, and of a server that has left."""

    plain: int
    tls: int
    server: int
    gone: int


def program() -> str | None:
    """The installed nginx."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


def configure(folder: Path, ports: Ports) -> None:
    """The shipped files, with nothing changed but addresses, ports and folders."""
    folder.mkdir(parents=True, exist_ok=True)
    _certify(folder)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    _put(folder, "aparte.conf", ("listen 80;", f"listen 127.0.0.1:{ports.plain};"),
         ("/var/log/nginx", str(folder)))  # fmt: skip
    servers = (f"server 127.0.0.1:{port}" for port in (ports.gone, ports.server))
    rest = " max_fails=1 fail_timeout=2s;"
    _put(folder, "upstream.conf", (f"server 127.0.0.1:8000{rest}", rest.join(servers) + rest))
    _put(folder, "aparte-tls.conf.example", ("listen 443", f"listen 127.0.0.1:{ports.tls}"),
         ("/etc/ssl/aparte", str(folder)),
         ("https://$host$", f"https://$host:{ports.tls}$"))  # fmt: skip


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    """`nginx -t`."""
    return subprocess.run(_command(folder, "-t"), capture_output=True, text=True, check=False)


@contextmanager
def running(folder: Path, ports: Ports) -> Iterator[None]:
    """nginx, until the block ends."""
    with subprocess.Popen(_command(folder)) as process:
        try:
            until(lambda: _answers(ports.plain), pause=time.sleep)
            yield
        finally:
            process.terminate()


def in_front_of(server: RunningServer, ports: Ports) -> RunningServer:
    """The same server, as those see it who come through the proxy."""
    front = copy(server)
    front.url = f"https://127.0.0.1:{ports.tls}"
    return front


def _command(folder: Path, *options: str) -> list[str]:
    found = program()
    assert found
    error_log = str(folder / "error.log")
    return [found, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", error_log, *options]


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/").status_code == 301
    except httpx.TransportError:
        return False


def _put(folder: Path, name: str, *replaced: tuple[str, str]) -> None:
    text = (SHIPPED / name).read_text()
    for old, new in replaced:
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    (folder / name.removesuffix(".example")).write_text(text)


def _certify(folder: Path) -> None:
    """A key and a certificate of its own for 127.0.0.1, for a day."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "privkey.pem").write_bytes(private)
