"""The bytes both sides of the wire agree on; the client's tests read the same files."""

from typing import get_args

import msgspec
import pytest

from chat import protocol
from tests.contract.golden_frames import FOLDER, Golden, golden_frames

GOLDEN = list(golden_frames())
HINT = "run `python -m tests.contract.golden_frames` and look at the difference"
client = [golden for golden in GOLDEN if golden.name.startswith("client.")]


@pytest.mark.parametrize("golden", GOLDEN, ids=[golden.name for golden in GOLDEN])
def test_the_committed_bytes_are_those_the_code_writes(golden: Golden) -> None:
    assert (FOLDER / f"{golden.name}.msgpack").read_bytes() == golden.msgpack, HINT
    assert (FOLDER / f"{golden.name}.json").read_bytes() == golden.json, HINT


def test_no_frame_is_left_from_an_older_protocol() -> None:
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {f"{golden.name}.{kind}" for golden in GOLDEN for kind in ("msgpack", "json")}


@pytest.mark.parametrize("golden", client, ids=[golden.name for golden in client])
def test_the_server_reads_what_a_client_wrote_in_either_encoding(golden: Golden) -> None:
    msgpack = (FOLDER / f"{golden.name}.msgpack").read_bytes()
    json = (FOLDER / f"{golden.name}.json").read_text()
    assert protocol.decode(msgpack) == golden.frame
    assert protocol.decode(json) == golden.frame


@pytest.mark.parametrize("golden", client, ids=[golden.name for golden in client])
def test_a_field_nobody_knows_is_refused(golden: Golden) -> None:
    frame = {**msgspec.json.decode(golden.json), "surprise": 1}
    with pytest.raises(protocol.BadFrame) as refused:
        protocol.decode(msgspec.json.encode(frame).decode())
    assert refused.value.code == "malformed"


def test_every_frame_and_every_refusal_has_an_example() -> None:
    types = {type(golden.frame) for golden in GOLDEN}
    assert types == {*get_args(protocol.ServerFrame), *get_args(protocol.ClientFrame)}
    refused = {golden.frame.code for golden in GOLDEN if golden.name.startswith("refused.")}
    assert refused == set(protocol.REFUSAL_CODES)
