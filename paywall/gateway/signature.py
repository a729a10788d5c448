"""Signed webhooks: `Aparte-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 over `{t}.{body}`."""

import hashlib
import hmac
from datetime import datetime, timedelta

from paywall.gateway.port import InvalidSignature

HEADER = "Aparte-Signature"
TOLERANCE = timedelta(minutes=5)


def sign(*, body: bytes, secret: str, now: datetime) -> str:
    """The header value for this body, sent now."""
    seconds = str(int(now.timestamp()))
    return f"t={seconds},v1={_digest(seconds, body, secret)}"


def verify(*, header: str, body: bytes, secret: str, now: datetime) -> None:
    """Raise `InvalidSignature` unless `secret` signed exactly this body within the tolerance."""
    parts = [part.partition("=") for part in header.split(",")]
    seconds = next((value for name, _, value in parts if name.strip() == "t"), "")
    expected = _digest(seconds, body, secret).encode()
    candidates = [value.strip().encode() for name, _, value in parts if name.strip() == "v1"]
    if not any(hmac.compare_digest(expected, candidate) for candidate in candidates):
        raise InvalidSignature("The signature does not match the body.")
    # Only after the comparison: `t` is signed too, hence a number from here on.
    if abs(now.timestamp() - int(seconds)) > TOLERANCE.total_seconds():
        raise InvalidSignature("The signature is too old, or from the future.")


def _digest(seconds: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
