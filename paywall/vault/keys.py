"""Hides the root key: data keys leave this module unwrapped only in memory.

Root keys come from `settings.MEDIA_KEK`: 64 hexadecimal digits (version 1), or several versions
as `2:HEX,1:HEX`. The highest version wraps new keys, every listed one still unwraps.
"""

import secrets
from functools import cache
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
NONCE_BYTES = 12
OBJECT_INFO = b"aparte.object.v1"


class Unreadable(Exception):
    """Ciphertext, key or their bond does not hold: damage, or somebody moved something."""


class Wrapped(NamedTuple):
    """A data key as it is stored: which root wrapped it, and nonce + ciphertext + tag."""

    root_version: int
    blob: bytes


def new_data_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def current_root_version() -> int:
    """The version of the root key that wraps new data keys."""
    return max(_roots(settings.MEDIA_KEK))


def wrap(data_key: bytes, *, kind: str, media_id: UUID) -> Wrapped:
    """Seal a data key under the current root key, bound to its kind, media and version."""
    version = current_root_version()
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = _root(version).encrypt(nonce, data_key, _bond(kind, media_id, version))
    return Wrapped(version, nonce + sealed)


def unwrap(wrapped: Wrapped, *, kind: str, media_id: UUID) -> bytes:
    """The data key. Raises `Unreadable` for another kind, media or version, or any changed bit."""
    nonce, sealed = wrapped.blob[:NONCE_BYTES], wrapped.blob[NONCE_BYTES:]
    bond = _bond(kind, media_id, wrapped.root_version)
    try:
        return _root(wrapped.root_version).decrypt(nonce, sealed, bond)
    except InvalidTag:
        raise Unreadable("This data key was not wrapped for this use.") from None


def object_key(data_key: bytes, object_id: UUID) -> bytes:
    """The key of one object: HKDF-SHA256 (RFC 5869) of the data key, bound to the object's id."""
    info = OBJECT_INFO + b"|" + object_id.bytes
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(data_key)


def _root(version: int) -> AESGCM:
    try:
        return AESGCM(_roots(settings.MEDIA_KEK)[version])
    except KeyError:
        raise Unreadable(f"Root key version {version} is not configured.") from None


@cache
def _roots(configured: str) -> dict[int, bytes]:
    """The root keys by version; a misspelt setting stops the process rather than weaken it."""
    roots: dict[int, bytes] = {}
    for entry in configured.split(","):
        version, _, digits = entry.strip().rpartition(":")
        try:
            roots[int(version or 1)] = bytes.fromhex(digits)
        except ValueError:
            raise ImproperlyConfigured("MEDIA_KEK is HEX, or VERSION:HEX,VERSION:HEX.") from None
    if any(len(key) != KEY_BYTES for key in roots.values()):
        raise ImproperlyConfigured("Every root key of MEDIA_KEK has 64 hexadecimal digits.")
    return roots


def _bond(kind: str, media_id: UUID, version: int) -> bytes:
    return f"{kind}|{media_id}|{version}".encode()
