"""Reading the versions of the rule book, and making the engine of one from its stored bytes."""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from accounts.errors import NotFound
from safety import seal
from safety.models import PolicyVersion, ShadowRun, VersionState
from safety.rules import rulebook
from safety.rules.basis import Row
from safety.rules.changes import Changes, compare
from safety.rules.matcher import check_examples
from safety.rules.rulebook import Files, PackError, Rule, RuleBook, Threshold
from safety.screening import Engine, Model, in_force

BUNDLE_MAX_BYTES = 32_000_000  # unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version as `rulebook show` and the public page tell of it."""

    version: str
    sha256: str
    state: str
    key_id: str
    shipped: bool
    proposed_by: str
    approved_by: str
    activated_by: str
    tried_since: datetime | None
    tried_on: int  # messages
    active_since: datetime | None
    urgent: str


@dataclass(frozen=True, slots=True)
class EnforcedRule:
    """A rule as it works here now: `stage` is `shadow` while it is recorded without effect, and a
    `firm` one acts whatever the model thinks of the text."""

    id: str
    policy: str
    action: str
    stage: str
    firm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What this process enforces: read from the engine itself, not from the table.

    `key_id`, `signature` and `since` are empty for a book that no table knows.
    """

    version: str
    sha256: str
    key_id: str
    signature: str
    since: datetime | None
    model: str
    rules_only: bool
    thresholds: Mapping[str, Threshold]
    rules: Sequence[EnforcedRule]
    basis: Sequence[Row]
    files: Mapping[str, str]


def bundle_of(files: Files) -> bytes:
    """The files of a book as one string of bytes; the same files are the same bytes."""
    texts = {name: files[name].decode("utf-8") for name in sorted(files)}
    return zlib.compress(json.dumps(texts, ensure_ascii=False).encode("utf-8"), level=9)


def files_of(bundle: bytes | memoryview) -> dict[str, bytes]:
    """What `bundle_of` packed; `PackError` when it is something else."""
    try:
        unpacked = zlib.decompressobj().decompress(bytes(bundle), BUNDLE_MAX_BYTES)
        texts: Mapping[str, Any] = json.loads(unpacked)
        return {name: text.encode("utf-8") for name, text in texts.items()}
    except (zlib.error, ValueError, AttributeError):
        raise PackError("the stored book cannot be unpacked") from None


def find(name: str) -> PolicyVersion:
    """The version with this name, or whose hash begins so. Raises `NotFound`."""
    known = PolicyVersion.objects.filter(name=name).first()
    if known is None and len(name) >= 12:
        known = PolicyVersion.objects.filter(sha256__startswith=name).first()
    if known is None:
        raise NotFound(f"There is no rule book version {name}.")
    return known


def standing() -> dict[str, str]:
    """The hash of the active version and of the one being tried, by state. One indexed read."""
    rows = PolicyVersion.objects.filter(state__in=(VersionState.ACTIVE, VersionState.SHADOW))
    return dict(rows.values_list("state", "sha256"))


def was_rolled_back(sha256: str) -> bool:
    """Whether people turned back from the version with this hash."""
    return PolicyVersion.objects.filter(sha256=sha256, rolled_back_at__isnull=False).exists()


def formerly_active() -> list[str]:
    """The hashes of the versions that were in force and not turned back from, the last first."""
    rows = PolicyVersion.objects.filter(state=VersionState.RETIRED, rolled_back_at=None)
    return list(rows.order_by("-retired_at").values_list("sha256", flat=True))


def stored_book(version: PolicyVersion) -> RuleBook:
    """The book of a version. Raises `PackError` or `SealBroken` unless every byte is as sealed,
    by a key that is trusted here."""
    files = files_of(version.bundle)
    seal.verify(files, seal.from_json(version.seal), trusted=seal.trusted_keys())
    book = rulebook.parse(files)
    if book.sha256 != version.sha256:
        raise PackError(f"the stored book is not {version.name}")
    return book


def engine_of(sha256: str, *, rules_only: bool = False) -> Engine:
    """The engine of the stored version with this hash; takes about a second.

    Raises `PackError`, `SealBroken` or `ModelError` when it must not be used.
    """
    version = PolicyVersion.objects.filter(sha256=sha256).first()
    if version is None:
        raise PackError("this version is not stored")
    book = stored_book(version)
    engine = Engine(book, _model(rules_only))
    check_examples(book.rules, engine.rules_of)
    return engine


def problems(folder: Path, *, rules_only: bool = False) -> tuple[list[str], RuleBook]:
    """Everything that keeps the book of `folder` from loading, one sentence each, and the rest.

    Also that it fits the model of this release, unless `rules_only`.
    """
    wrong: list[str] = []
    book = rulebook.parse(rulebook.read(folder), lambda error: wrong.append(str(error)))
    try:
        engine = Engine(book, _model(rules_only))
    except ValueError as error:  # a book that does not fit its model, or no model
        return [*wrong, str(error)], book
    for rule in book.rules:
        try:
            check_examples([rule], engine.rules_of)
        except PackError as error:
            wrong.append(str(error))
    return wrong, book


def all_versions() -> list[VersionRow]:
    """Every version, the newest first."""
    rows = PolicyVersion.objects.select_related("proposed_by", "approved_by", "activated_by")
    tried = dict(ShadowRun.objects.values_list("version", "messages"))
    return [_row(row, tried.get(row.name, 0)) for row in rows.order_by("-id")]


def events_of(version: PolicyVersion) -> list[dict[str, Any]]:
    """What happened to a version, in order: kind, at, by (a moderator's pseudonym) and facts."""
    rows = version.events.select_related("actor").order_by("id")
    return [
        {"kind": e.kind, "at": e.at, "by": e.actor.name if e.actor else "", "data": e.data}
        for e in rows
    ]


def changes_against_active(version: PolicyVersion) -> Changes:
    """What this version changes in the active one; in the book of this process without one."""
    active = PolicyVersion.objects.filter(state=VersionState.ACTIVE).first()
    return compare(stored_book(active) if active else in_force().book, stored_book(version))


def rules_only() -> bool:
    """Whether this process screens without its model."""
    return in_force().rules_only


def published() -> Published:
    """The rule book of this process, as the public may check it."""
    engine = in_force()
    book = engine.book
    known = PolicyVersion.objects.filter(sha256=book.sha256).first()
    return Published(
        version=book.version,
        sha256=book.sha256,
        key_id=known.key_id if known else "",
        signature=seal.from_json(known.seal).signature if known else "",
        since=known.active_since if known else None,
        model=book.model,
        rules_only=engine.rules_only,
        thresholds=book.thresholds,
        rules=[_enforced(rule, engine) for rule in book.rules],
        basis=book.basis.rows,
        files={name: hashlib.sha256(data).hexdigest() for name, data in book.files.items()},
    )


def _enforced(rule: Rule, engine: Engine) -> EnforcedRule:
    stage = rulebook.SHADOW if rule.id in engine.shadowed else rulebook.ACTIVE
    return EnforcedRule(rule.id, rule.policy, rule.action.value, stage, rule.firm)


def _model(rules_only: bool) -> Model | None:
    from safety.rules.classifier import Classifier  # with numpy: only who screens pays for it

    return None if rules_only else Classifier.load()


def _row(version: PolicyVersion, tried_on: int) -> VersionRow:
    people = (version.proposed_by, version.approved_by, version.activated_by)
    proposed, approved, activated = (person.name if person else "" for person in people)
    return VersionRow(
        version=version.name,
        sha256=version.sha256,
        state=version.state,
        key_id=version.key_id,
        shipped=version.shipped,
        proposed_by=proposed,
        approved_by=approved,
        activated_by=activated,
        tried_since=version.tried_since,
        tried_on=tried_on,
        active_since=version.active_since,
        urgent=version.urgent,
    )
