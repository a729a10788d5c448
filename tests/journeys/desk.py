"""What moderators do at their desk, over HTTP."""

from typing import Any

from tests.wire import Person


def open_case(moderator: Person, *, body: str) -> str:
    """The open case about this very text, found page by page as a moderator reads the queue."""
    before: str | None = None
    while True:
        params = {"before": before} if before else {}
        page = moderator.get("/api/desk/cases", params=params).json()
        for case in page["cases"]:
            if read(moderator, case["id"])["body"] == body:
                found: str = case["id"]
                return found
        before = page["next"]
        assert before, "no case was opened"


def read(moderator: Person, case_id: str) -> dict[str, Any]:
    """The evidence of a case; asking for it is logged."""
    answer = moderator.get(f"/api/desk/cases/{case_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def claim(moderator: Person, case_id: str) -> dict[str, Any]:
    """The lease, or the refusal."""
    found: dict[str, Any] = moderator.post(f"/api/desk/cases/{case_id}/claim").json()
    return found


def decide(moderator: Person, case_id: str, lease: dict[str, Any], **decision: Any) -> Any:
    """Decide under this lease: the answer, or the refusal."""
    body = {"lease_token": lease["lease_token"], **decision}
    return moderator.post(f"/api/desk/cases/{case_id}/decide", json=body).json()


def judge(moderator: Person, case_id: str, outcome: str, **decision: Any) -> dict[str, Any]:
    """Claim, read, and decide."""
    lease = claim(moderator, case_id)
    read(moderator, case_id)
    decided: dict[str, Any] = decide(moderator, case_id, lease, outcome=outcome, **decision)
    return decided
