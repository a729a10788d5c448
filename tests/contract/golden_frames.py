"""One example of every frame and every refusal, in both encodings, for the tests of both sides.

`python -m tests.contract.golden_frames` writes them to `frames/`; the server's tests and the
client's read the same files.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django

django.setup()

import msgspec  # noqa: E402
from msgspec import inspect  # noqa: E402

from accounts.inbox import encode  # noqa: E402
from chat import protocol  # noqa: E402

FOLDER = Path(__file__).parent / "frames"
MOMENT = "2026-03-02T09:00:00.000Z"


class Golden(NamedTuple):
    """A frame by the name of its two files, as the side that sends it writes it."""

    name: str
    frame: Any
    msgpack: bytes
    json: bytes


def golden_frames() -> Iterator[Golden]:
    """Every frame of both directions: with all its fields, and with those it must have."""
    for struct in get_args(protocol.ServerFrame):
        for suffix, optional in (("", True), (".bare", False)):
            yield _from_server(f"server.{_tag(struct)}{suffix}", _example(struct, optional))
    for code in protocol.REFUSAL_CODES:
        frame = protocol.Refused(r="1", code=code, detail=code, retry_after_ms=1500, ref="0a1b")
        yield _from_server(f"refused.{code}", frame)
    for struct in get_args(protocol.ClientFrame):
        for suffix, optional in (("", True), (".bare", False)):
            frame = _example(struct, optional)
            content = {"t": _tag(struct), **_given(frame, optional)}
            pair = msgspec.msgpack.encode(content), msgspec.json.encode(content)
            yield Golden(f"client.{_tag(struct)}{suffix}", frame, *pair)


def _from_server(name: str, frame: Any) -> Golden:
    return Golden(name, frame, encode(frame, binary=True), encode(frame, binary=False))


def _given(frame: Any, optional: bool) -> dict[str, Any]:
    """The fields a client would write: ids as strings, an absent one left out."""
    fields = msgspec.structs.fields(type(frame))
    names = [field.encode_name for field in fields if optional or field.required]
    return {name: msgspec.to_builtins(getattr(frame, name)) for name in names}


def _tag(struct: Any) -> str:
    return str(struct.__struct_config__.tag)


def _example(struct: Any, optional: bool) -> Any:
    """The struct with a plausible value in every field; without `optional` only where it must."""
    fields = msgspec.structs.fields(struct)
    return struct(
        **{
            field.name: _value(field.name, inspect.type_info(field.type), optional)
            for field in fields
            if optional or field.required
        }
    )


def _value(name: str, kind: inspect.Type, optional: bool) -> Any:
    match kind:
        case inspect.UnionType(types=types):
            present = next(item for item in types if not isinstance(item, inspect.NoneType))
            return _value(name, present, optional)
        case inspect.StructType(cls=cls):
            return _example(cls, optional)
        case inspect.ListType(item_type=item):
            return [_value(name, item, optional)]
        case inspect.UUIDType():
            return UUID(bytes=name.encode().ljust(16, b".")[:16])
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return 200 if name.endswith("_cents") else 7
        case inspect.BytesType():
            return b"RIFF\x00\x01\xfe\xffWEBP"
        case inspect.StrType():
            return MOMENT if _is_time(name) else "é « 1 234,56 € » 👋" if name == "body" else name
    raise TypeError(f"{name}: no example for {kind}")


def _is_time(name: str) -> bool:
    return name.endswith("_at") or name in {"at", "until", "server_time", "decide_before"}


def write() -> None:
    """Make `frames/` hold these examples and nothing else."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    for golden in golden_frames():
        (FOLDER / f"{golden.name}.msgpack").write_bytes(golden.msgpack)
        (FOLDER / f"{golden.name}.json").write_bytes(golden.json)


if __name__ == "__main__":
    write()
