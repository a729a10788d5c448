"""Streaming holds one chunk, not the file."""

import secrets
import tracemalloc
from pathlib import Path

from uuid_utils.compat import uuid7

from paywall.vault import keys, sealed, store
from paywall.vault.stream import RangeReader, SealedFile, Span, stream

FILE_BYTES = 64 * 1024 * 1024
ALLOWED_BYTES = 1024 * 1024


async def test_streaming_64_mebibytes_never_holds_one(settings, tmp_path: Path) -> None:
    settings.MEDIA_STORE_DIR = tmp_path
    key, object_id = keys.new_data_key(), uuid7()
    name = store.put(
        sealed.seal(secrets.token_bytes(FILE_BYTES), data_key=key, object_id=object_id)
    )
    file = SealedFile(name, object_id, FILE_BYTES, key)
    received = 0
    tracemalloc.start()
    try:
        async for piece in stream(RangeReader(file, Span(0, FILE_BYTES - 1))):
            received += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert received == FILE_BYTES
    assert peak < ALLOWED_BYTES
