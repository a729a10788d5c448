"""What is generated is what the code says now; scripts/check sees to the client's types."""

from typing import get_args

from chat import protocol
from safety.rules.characters import READINGS
from scripts import generate_characters, generate_protocol


def test_the_protocol_page_is_fresh():
    assert generate_protocol.PAGE.read_text() == generate_protocol.page(), "run scripts/generate"


def test_what_characters_read_as_is_fresh():
    assert READINGS.read_text("ascii") == generate_characters.page(), "run scripts/generate"


def test_the_protocol_page_names_every_frame_and_code():
    page = generate_protocol.page()
    frames = [*get_args(protocol.ClientFrame), *get_args(protocol.ServerFrame)]
    missing = [
        f.__struct_config__.tag for f in frames if f"`{f.__struct_config__.tag}`" not in page
    ]
    assert not missing
    assert all(f"`{code}`" in page for code in protocol.REFUSAL_CODES)
