"""What a process told everybody is remembered for a while, and never without end."""

from uuid_utils.compat import uuid7

from chat.commands import told


def test_the_last_ones_are_known_and_the_first_ones_forgotten() -> None:
    first, *others = (uuid7() for _ in range(told.TOLD_MAX + 1))
    told.remember([first])
    assert told.known(first)
    told.remember(others)
    assert not told.known(first)
    assert all(map(told.known, others))
    assert not told.known(uuid7())
