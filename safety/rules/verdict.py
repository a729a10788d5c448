"""What is said about a text and what it is said of: the words of screening, without its machinery.

A verdict is bound to its content by `content_sha256`, and to whatever judged it by hashes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from safety.rules.normalise import Span
from safety.rules.taxonomy import Action


@dataclass(frozen=True, slots=True)
class Context:
    """What is known around a text. `recent`: the sender's last texts here, oldest first.

    `attachments` are the ids of the media that travel with it: the verdict is bound to them.
    """

    sender_role: str
    country: str
    language: str | None = None
    channel: str = "message"
    recent: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that matched. `spans` are offsets in the original text; a signal, not a verdict.

    `fragments` name the earlier messages of the sender that a joined value came from, by how many
    messages ago each was written: 1 is the one just before.
    """

    policy: str
    action: Action
    rule: str
    view: str
    spans: tuple[Span, ...]
    reason: str
    severity: int
    fragments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The strongest action of the findings, bound to the content and to all that judged it.

    `scores` are the model's calibrated probabilities by policy, `uncertain` the policies that a
    second opinion may be asked about (`Heads.uncertain`), `second` the chances that it gave them.
    `shadow` is what was found without effect, `off` the detectors that had no lawful basis for this
    `profile` (country/channel). `book_hash` names the rule book, `model` the model. `extracts` are
    the kinds of contact and payment data that were found.
    """

    action: Action
    findings: tuple[Finding, ...]
    version: str
    content_sha256: str
    cause: str = ""
    language: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    abuse: float = 0.0
    uncertain: tuple[str, ...] = ()
    shadow: tuple[Finding, ...] = ()
    off: tuple[str, ...] = ()
    book_hash: str = ""
    model: str = ""
    profile: str = ""
    extracts: tuple[str, ...] = ()
    second: dict[str, float] = field(default_factory=dict)


def content_sha256(text: str, attachments: Sequence[str] = ()) -> str:
    """The fingerprint of a text and the media with it: what a verdict is bound to.

    Delivery compares it with what it is about to deliver.
    """
    content = "\0".join((str(text), *attachments)) if attachments else str(text)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
