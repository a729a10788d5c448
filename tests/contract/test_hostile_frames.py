"""Whatever bytes arrive, decoding answers with a frame or says what is wrong; it never breaks."""

import json
from contextlib import suppress

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import protocol

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=10,
)
NAMES = st.sampled_from([*sorted(protocol.COMMAND_NAMES), "pong", ""])
FRAMES = st.dictionaries(
    st.sampled_from(["conversation_id", "client_id", "body", "seq", "limit", "cursors", "x"]), PLAIN
)


def decode(data: str | bytes) -> object:
    try:
        answer = protocol.decode(data)
    except protocol.BadFrame as bad:
        answer = bad
    if isinstance(answer, protocol.BadFrame):
        assert answer.code in ("malformed", "unknown_type")
        assert len(answer.request_id) <= 64
    return answer


@given(st.text() | st.binary())
def test_noise_is_refused_in_words(data: str | bytes) -> None:
    assert isinstance(decode(data), protocol.BadFrame)
    assert len(protocol.request_id_of(data)) <= 64


@given(t=NAMES, frame=FRAMES)
def test_a_frame_with_any_fields_is_a_command_or_a_refusal_that_names_it(
    t: str, frame: dict[str, object]
) -> None:
    whole = {**frame, "t": t, "r": "ask-1"}
    answers = [decode(json.dumps(whole))]
    with suppress(OverflowError, ValueError):  # MessagePack itself lacks some numbers and texts
        answers.append(decode(msgpack.packb(whole)))
    for answer in answers:
        if isinstance(answer, protocol.BadFrame):
            assert answer.request_id in ("ask-1", "")
        else:
            assert isinstance(answer, protocol.Command)


@pytest.mark.parametrize(
    ("text", "code", "asked"),
    [
        ('{"t":"pong","r":"7"}', "unknown_type", "7"),
        ('{"t":"ping","r":"7","x":1}', "malformed", "7"),
        ('{"r":"7"}', "malformed", "7"),
        ('{"t":"ping"}', "malformed", ""),
        ("[" * 100_000, "malformed", ""),
    ],
)
def test_the_refusal_says_which_request_it_answers(text: str, code: str, asked: str) -> None:
    bad = decode(text)
    assert isinstance(bad, protocol.BadFrame)
    assert (bad.code, bad.request_id) == (code, asked)
