"""What the clients saw: the other half of every proof that nothing was lost or doubled."""

from dataclasses import asdict, dataclass, field
from typing import Any

SHOWN = 3  # offenders named in a check


@dataclass(slots=True)
class Said:
    """One message a client sent, and the last answer it got."""

    client_id: str
    conversation_id: str
    sender_id: str
    body: str
    state: str = ""  # of the receipt: delivered or held; empty without a receipt
    message_id: str = ""
    refused: str = ""  # the code, when the last answer was a refusal
    answers: int = 0

    @property
    def acknowledged(self) -> bool:
        """Whether a receipt promised that it is stored."""
        return bool(self.state)


@dataclass(slots=True)
class Journal:
    """Everything sent, and which messages each account received in each conversation."""

    said: dict[str, Said] = field(default_factory=dict)  # by client_id
    heard: dict[str, dict[str, int]] = field(default_factory=dict)  # account -> message -> seq

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a process in the world."""
        return {"said": [asdict(one) for one in self.said.values()], "heard": self.heard}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Journal":
        """The inverse of `as_json`."""
        return cls({one["client_id"]: Said(**one) for one in plain["said"]}, plain["heard"])

    def all_answered(self) -> dict[str, Any]:
        """A check for when everything has come to rest: no message is without its answer."""
        silent = [s.client_id for s in self.said.values() if not (s.acknowledged or s.refused)]
        detail = f"{len(silent)}: {'; '.join(silent[:SHOWN])}" if silent else ""
        return {"name": "every message has its answer", "ok": not silent, "detail": detail}
