"""Ed25519 signatures of rule books: who vouches for which bytes, and whom this installation trusts.

Hides the keys and what exactly is signed. A seal is a manifest: the SHA-256 of every file of the
book, its version, its author, the key and the signature over all of that. The one module of
safety that knows `cryptography`.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from safety.rules.rulebook import SEAL, Files, RuleBook, content_hash

# The key of the source tree is no secret: everybody has it, and only development trusts it.
DEVELOPMENT_KEY = hashlib.sha256(b"aparte development rule book").hexdigest()
_KEY_ID_CHARACTERS = 16


class SealBroken(ValueError):
    """A book without a seal that holds: one sentence that says which part does not."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What was signed, by which key. `files` maps each name to the SHA-256 of its bytes."""

    version: str
    sha256: str
    author: str
    files: dict[str, str]
    key_id: str
    signature: str

    def as_json(self) -> str:
        """The content of `seal.json`: the same seal is always the same bytes."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def from_json(text: str | bytes) -> Seal:
    """The seal in a `seal.json`; `SealBroken` when it is none."""
    try:
        fields: dict[str, Any] = json.loads(text)
        seal = Seal(**fields)
        texts = (seal.version, seal.sha256, seal.author, seal.key_id, seal.signature)
        if not all(isinstance(one, str) for one in (*texts, *seal.files.values())):
            raise TypeError
    except (ValueError, TypeError, AttributeError):
        raise SealBroken(f"{SEAL} is not a seal") from None
    return seal


def sign(book: RuleBook, *, author: str, key: str) -> Seal:
    """The seal of a book. `key` is a private key: 32 bytes in hexadecimal."""
    private = Ed25519PrivateKey.from_private_bytes(_key_bytes(key))
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in book.files.items()}
    key_id = key_id_of(public_key(key))
    unsigned = Seal(book.version, book.sha256, author, hashes, key_id, signature="")
    signature = private.sign(_signed_part(unsigned)).hex()
    return Seal(book.version, book.sha256, author, hashes, key_id, signature)


def verify(files: Files, seal: Seal, *, trusted: Collection[str]) -> None:
    """Raise `SealBroken` unless a trusted key signed exactly these files.

    `trusted` are public keys: 32 bytes in hexadecimal.
    """
    for name in sorted({*files, *seal.files}):
        if name not in files or name not in seal.files:
            raise SealBroken(f"{name} is {'sealed but missing' if name in seal.files else 'new'}")
        if hashlib.sha256(files[name]).hexdigest() != seal.files[name]:
            raise SealBroken(f"{name} is not the file that was sealed")
    if content_hash(files) != seal.sha256:
        raise SealBroken("the hash of the book is not the sealed one")
    key = next((one for one in trusted if key_id_of(one) == seal.key_id), None)
    if key is None:
        raise SealBroken(f"key {seal.key_id} is not among the trusted ones")
    try:
        public = Ed25519PublicKey.from_public_bytes(_key_bytes(key))
        public.verify(bytes.fromhex(seal.signature), _signed_part(seal))
    except (InvalidSignature, ValueError):
        raise SealBroken("the signature does not hold") from None


def trusted_keys() -> list[str]:
    """The public keys that this installation trusts."""
    own = list(settings.RULEBOOK_TRUSTED_KEYS)
    return [*own, public_key(DEVELOPMENT_KEY)] if settings.RULEBOOK_DEVELOPMENT else own


def signing_key() -> str:
    """The private key that this installation seals with; `SealBroken` when it has none."""
    if settings.RULEBOOK_SIGNING_KEY:
        return str(settings.RULEBOOK_SIGNING_KEY)
    if settings.RULEBOOK_DEVELOPMENT:
        return DEVELOPMENT_KEY
    raise SealBroken("RULEBOOK_SIGNING_KEY is not set: nothing can be sealed here")


def public_key(key: str) -> str:
    """The public half of a private key, both in hexadecimal."""
    private = Ed25519PrivateKey.from_private_bytes(_key_bytes(key))
    return private.public_key().public_bytes_raw().hex()


def key_id_of(public: str) -> str:
    """The short name of a public key: how the SHA-256 of its bytes begins."""
    return hashlib.sha256(_key_bytes(public)).hexdigest()[:_KEY_ID_CHARACTERS]


def _key_bytes(key: str) -> bytes:
    try:
        raw = bytes.fromhex(key.strip())
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise SealBroken("a key is 32 bytes in hexadecimal")
    return raw


def _signed_part(seal: Seal) -> bytes:
    fields = asdict(seal)
    del fields["signature"]
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
