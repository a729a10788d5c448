"""Prints what the client's types are made from: `schemas.py rest` or `schemas.py wire`.

`rest` is the OpenAPI description of the routes. `wire` is one JSON Schema of `chat.protocol`: a
root with `client` and `server` frames, and the constants the client may not copy by hand.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, get_args

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django

django.setup()

import msgspec  # noqa: E402

from chat import protocol  # noqa: E402

CONSTANTS = (
    "PROTOCOL_VERSION", "SUBPROTOCOL_JSON", "SUBPROTOCOL_MSGPACK", "FRAME_MAX_BYTES",
    "HISTORY_MAX", "RESUME_MAX_CURSORS", "NOTE_MAX_CHARACTERS", "REASON_MAX_CHARACTERS",
    "CLOSE_SESSION_OVER", "CLOSE_SUSPENDED", "CLOSE_ABUSE", "REFUSAL_CODES",
)  # fmt: skip


def _title(struct: type) -> str:
    """The TypeScript name: commands end in Command, since an event may be called the same."""
    return f"{struct.__name__}Command" if issubclass(struct, protocol.Command) else struct.__name__


def _rewritten(value: Any) -> Any:
    """The schema with our names, and ids as the strings they are in the client."""
    if isinstance(value, list):
        return [_rewritten(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: _rewritten(item) for key, item in value.items()}
    if isinstance(result.get("title"), str):
        del result["title"]  # a property may be called so too, and stays
    result.pop("maxItems", None)  # the generator would write one tuple for each length
    if result.get("contentEncoding") == "base64":
        return {"tsType": "Uint8Array<ArrayBuffer>"}
    return result


def _frames(root: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    structs = get_args(root)
    (schema,), components = msgspec.json.schema_components([root], ref_template="#/$defs/{name}")
    names = {struct.__name__: _title(struct) for struct in structs}
    text = json.dumps(_rewritten({"schema": schema, "defs": components}))
    for old, new in names.items():
        text = re.sub(rf'#/\$defs/([a-z_.]*){old}"', rf'#/$defs/{new}"', text)
    read = json.loads(text)
    defs = {}
    for key, value in read["defs"].items():
        name = names.get(key.rsplit(".", 1)[-1], key.rsplit(".", 1)[-1])
        defs[name] = {**value, "title": name, "additionalProperties": False}
    return {"anyOf": [{"$ref": f"#/$defs/{_title(struct)}"} for struct in structs]}, defs


def _fields(value: Any, sign: tuple[str, str]) -> set[str]:
    """The names of all properties whose schema, or an item or alternative of it, has the sign."""
    names: set[str] = set()
    if isinstance(value, dict):
        for name, schema in value.get("properties", {}).items():
            options = [schema, schema.get("items", {}), *schema.get("anyOf", [])]
            if any(option.get(sign[0]) == sign[1] for option in options):
                names.add(name)
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            names |= _fields(item, sign)
    return names


def _constants() -> dict[str, Any]:
    _, components = msgspec.json.schema_components([protocol.ClientFrame, protocol.ServerFrame])
    return {
        **{name: getattr(protocol, name) for name in CONSTANTS},
        "ID_FIELDS": sorted(_fields(components, ("format", "uuid"))),
        "BYTES_FIELDS": sorted(_fields(components, ("contentEncoding", "base64"))),
    }


def wire() -> dict[str, Any]:
    """The frames of both directions and the constants, as one JSON Schema."""
    client, client_defs = _frames(protocol.ClientFrame)
    server, server_defs = _frames(protocol.ServerFrame)
    return {
        "title": "Protocol",
        "type": "object",
        "additionalProperties": False,
        "required": ["client", "server"],
        "properties": {
            "client": {"title": "ClientFrame", **client},
            "server": {"title": "ServerFrame", **server},
        },
        "$defs": {**client_defs, **server_defs},
        "x-constants": _constants(),
    }


def rest() -> Any:
    """The OpenAPI description of every REST route."""
    from urls import api

    return api.get_openapi_schema()


def main() -> None:
    """Write the schema named on the command line to standard output."""
    schema = {"rest": rest, "wire": wire}[sys.argv[1]]()
    json.dump(schema, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
