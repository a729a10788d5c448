"""Writes docs/protocol.md from the frames of `chat.protocol`; `--print` shows it instead."""

import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
from django.conf import settings

from accounts.events import Event, wire_name
from chat import protocol

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

PAGE = Path(__file__).resolve().parent.parent / "docs" / "protocol.md"
INHERITED = {inspect.getdoc(base) for base in (msgspec.Struct, Event, protocol.Command, object)}
INTRODUCTION = """\
# The wire protocol

Written by `scripts/generate` from `chat/protocol.py`: change that file, not this one.

One WebSocket at `/ws` for fans, creators and moderators, opened with the session cookie from the
same origin. A frame is a map whose `t` is its type. A command carries `r`, a request id chosen by
the client, which its answer repeats. The subprotocol `{msgpack}` has binary frames and
ids of 16 bytes, `{json}` text frames and ids of 36 characters; none means JSON. Unknown
fields and unknown types are refused. Times are RFC 3339, UTC, with milliseconds; money is
integer cents.

Within a conversation `seq` is dense and rising, given at delivery. `(sender, client_id)` is unique
for ever: the same again replays the first outcome, with other content it is refused. A price above
`max_price_cents` is refused and nothing is stored. A gap in `seq` is closed by one `resume`.
"""


def page() -> str:
    """The whole page."""
    formats = {"msgpack": protocol.SUBPROTOCOL_MSGPACK, "json": protocol.SUBPROTOCOL_JSON}
    parts = [
        INTRODUCTION.format(**formats),
        "## Limits\n\n" + "\n".join(_limits()),
        "## Commands\n\n" + "\n\n".join(map(_frame, get_args(protocol.ClientFrame))),
        "## Answers and events\n\n" + "\n\n".join(map(_frame, get_args(protocol.ServerFrame))),
        "## Parts of frames\n\n" + "\n\n".join(map(_frame, _parts())),
        "## Refusal codes\n\nOne list for the socket and for REST, stable for ever.\n\n"
        + ", ".join(f"`{code}`" for code in protocol.REFUSAL_CODES)
        + ".",
        "## Close codes\n\n" + "\n".join(_closes()),
    ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _limits() -> Iterator[str]:
    yield f"* a frame: {protocol.FRAME_MAX_BYTES} bytes"
    yield f"* a body: {protocol.BODY_MAX_CHARACTERS} characters"
    rate, burst = settings.COMMANDS_PER_SECOND, settings.COMMANDS_BURST
    yield f"* commands of an account: {rate} a second, {burst} at once"
    yield f"* sockets of an account: {protocol.SOCKETS_PER_ACCOUNT}"
    yield f"* malformed frames in a minute: {protocol.MALFORMED_PER_MINUTE}, then the socket closes"
    yield f"* a page of history: {protocol.HISTORY_MAX} messages"
    yield f"* a `resume`: {protocol.RESUME_MAX_CURSORS} conversations"


def _closes() -> Iterator[str]:
    yield f"* {protocol.CLOSE_SESSION_OVER}: the session is over"
    yield f"* {protocol.CLOSE_SUSPENDED}: the account is suspended"
    yield f"* {protocol.CLOSE_ABUSE}: too many malformed frames, one too large, or nothing read"
    yield f"* {protocol.CLOSE_RESTART}: this process leaves, after `session_closing`: connect again"


def _frame(struct: type[msgspec.Struct]) -> str:
    tag = struct.__struct_config__.tag
    lines = [f"### `{tag or wire_name(struct.__name__)}`", ""]
    if (text := inspect.getdoc(struct)) and text not in INHERITED:
        lines += [text, ""]
    fields = [field for field in msgspec.structs.fields(struct) if not (tag and field.name == "r")]
    if fields:
        lines += ["| field | type | presence |", "|---|---|---|"]
        lines += [_row(field) for field in fields]
    return "\n".join(lines).rstrip()


def _row(field: msgspec.structs.FieldInfo) -> str:
    kind = _type(msgspec.inspect.type_info(field.type))
    return f"| `{field.name}` | {kind} | {_presence(field)} |"


def _presence(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default in (None, "", msgspec.NODEFAULT):
        return "optional"
    return f"default `{str(field.default).lower()}`"


def _parts() -> list[type[msgspec.Struct]]:
    """The structs inside frames, each once, in the order of their first use."""
    found: dict[type[msgspec.Struct], None] = {}
    todo = [*get_args(protocol.ClientFrame), *get_args(protocol.ServerFrame)]
    frames = set(todo)
    while todo:
        for field in msgspec.structs.fields(todo.pop(0)):
            for inner in _structs(msgspec.inspect.type_info(field.type)):
                if inner not in frames and inner not in found:
                    found[inner] = None
                    todo.append(inner)
    return list(found)


def _structs(info: msgspec.inspect.Type) -> Iterator[type[msgspec.Struct]]:
    if isinstance(info, msgspec.inspect.StructType):
        yield info.cls
    for inner in (getattr(info, "item_type", None), *getattr(info, "types", ())):
        if inner is not None:
            yield from _structs(inner)


NAMES = {
    msgspec.inspect.UUIDType: "id",
    msgspec.inspect.BytesType: "bytes",
    msgspec.inspect.BoolType: "boolean",
    msgspec.inspect.FloatType: "number",
    msgspec.inspect.AnyType: "anything",
}


def _type(info: msgspec.inspect.Type) -> str:
    match info:
        case msgspec.inspect.UnionType(types):
            known = [t for t in types if not isinstance(t, msgspec.inspect.NoneType)]
            return " or ".join(map(_type, known))
        case msgspec.inspect.ListType(item_type):
            return f"list of {_type(item_type)}{_bounds(None, info.max_length)}"
        case msgspec.inspect.StructType(cls):
            tag = cls.__struct_config__.tag
            return f"`{tag or wire_name(cls.__name__)}`"
        case msgspec.inspect.IntType():
            return f"integer{_bounds(info.ge, info.le)}"
        case msgspec.inspect.StrType():
            return f"string{_bounds(info.min_length, info.max_length)}"
        case msgspec.inspect.LiteralType(values):
            return " or ".join(f"`{value}`" for value in values)
        case _:
            return NAMES[type(info)]


def _bounds(least: int | None, most: int | None) -> str:
    if least is None:
        return "" if most is None else f", at most {most}"
    return f", at least {least}" if most is None else f", {least} to {most}"


def main() -> None:
    """Write the page, or print it."""
    if "--print" in sys.argv:
        print(page(), end="")
    else:
        PAGE.write_text(page())


if __name__ == "__main__":
    main()
