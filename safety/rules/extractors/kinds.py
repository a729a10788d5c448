"""What can be found in a text: the kinds of contact data, and one finding."""

from dataclasses import dataclass

from safety.rules.normalise import Span

PHONE = "phone"  # written, spoken or joined as only a telephone number is
NUMBER = "number"  # digits that some country dials; a rule needs words of intent beside them
EMAIL, LINK, PROFILE, HANDLE = "email", "link", "profile", "handle"
IBAN, CARD, CRYPTO, PAYMENT = "iban", "card", "crypto", "payment"
ADDRESS = "address"  # house number, street, often a town
MEETING = "meeting"  # a place and a moment
DEAL = "deal"  # joined only: a price in one message, a physical meeting in another
KINDS = (
    PHONE, EMAIL, IBAN, CARD, LINK, PROFILE, PAYMENT, HANDLE, CRYPTO, NUMBER, ADDRESS, MEETING,
    DEAL,
)  # fmt: skip

Found = tuple[str, str, Span]  # kind, canonical value, span in the folded view


@dataclass(frozen=True, slots=True)
class Extract:
    """One finding: its kind, its value in one canonical writing, its span in the original.

    `fragments` are the indexes of the earlier messages that took part when the value was split
    over several; empty when the text alone says it all.
    """

    kind: str
    value: str
    span: Span
    fragments: tuple[int, ...] = ()


def words(text: str) -> frozenset[str]:
    """The words of a list written as prose."""
    return frozenset(text.split())
