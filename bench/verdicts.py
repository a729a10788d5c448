"""The proof that nothing was delivered without a verdict, from the database alone."""

from collections.abc import Iterator
from uuid import UUID

from chat.commands.drafts import attachments_of
from chat.commands.edit import revised_words
from chat.models import Message, Revision, RevisionState
from safety.models import Decision, Rescreening, VerdictRecord
from safety.screening import content_sha256

Content = tuple[UUID, UUID | None, str]  # subject, case, fingerprint


def undecided() -> list[str]:
    """What was delivered without a right to it; empty is the proof. One line each, without words.

    A right is a verdict that passes or flags, or one that holds and a person's release after it,
    or a later screening that passes or flags: on exactly these words, naming version and book.
    """
    records = {r.subject_id: r for r in VerdictRecord.objects.select_related("under")}
    passed = Rescreening.objects.exclude(action="hold").select_related("under")
    again = {(r.subject_id, r.content_sha256): r for r in passed}
    released = set(Decision.objects.filter(outcome="release").values_list("case_id", flat=True))
    wrong = []
    for subject_id, case_id, content in _delivered():
        record = records.get(subject_id)
        later = again.get((subject_id, content), record)
        if record is None or later is None or record.content_sha256 != content:
            wrong.append(f"{subject_id}: no verdict on these words")
        elif later.action == "hold" and case_id not in released:
            wrong.append(f"{subject_id}: delivered though it was held")
        elif later.action != "hold" and not (later.under.version and later.under.book_hash):
            wrong.append(f"{subject_id}: the verdict names no book")
    return wrong


def _delivered() -> Iterator[Content]:
    """Every message as it was first shown, and every text that took its place."""
    shown = list(Revision.objects.filter(state=RevisionState.SHOWN).order_by("-at"))
    first_words = {revision.message_id: revision.previous_body for revision in shown}
    messages = {m.id: m for m in Message.objects.exclude(delivered_at=None)}
    for message in messages.values():
        body = first_words.get(message.id, message.body)
        yield message.id, message.case_id, _fingerprint(message, body)
    for revision in shown:
        content = _fingerprint(messages[revision.message_id], revision.body)
        yield revision.id, revision.case_id, content


def _fingerprint(message: Message, body: str) -> str:
    return content_sha256(revised_words(body, message), attachments_of(message.offer_id))
