"""The tables of the report: who was caught, who was harmed, and beside whom."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from safety.report.measure import ENGINE, RULES, SECOND, Disguised, Judged, Measured, Rows
from safety.report.shares import Cell, Goal, Share, Table
from safety.report.texts import HARMLESS_FAMILIES

LANGUAGES = {"fr": "French", "en": "English"}
LENGTHS = {"1-3 words": (1, 3), "4-8": (4, 8), "9-16": (9, 16), "17 and more": (17, 10_000)}
AXES = ("other_sense", "speech_about", "figure_play", "lawful_business", "style_only")
CONTACT = {"fraud.off_platform_contact", "fraud.off_platform_payment", "prost.solicit"}
GRAVE = {"minors", "threats", "sextortion", "selfharm"}

Test = Callable[[Judged], bool]


def caught(system: str = ENGINE) -> Test:
    """Whether this system flags or holds a text."""
    return lambda row: row.by[system].caught


def held(system: str = ENGINE) -> Test:
    """Whether this system holds a text."""
    return lambda row: row.by[system].held


def right(system: str = ENGINE) -> Test:
    """Whether this system catches a text for the right policy group."""
    return lambda row: row.right(system)


def hits(rows: Rows) -> list[Judged]:
    """The acts."""
    return [row for row in rows if row.text.is_hit]


def twins(rows: Rows) -> list[Judged]:
    """The hard negatives."""
    return [row for row in rows if row.is_twin]


def of_family(rows: Rows, *names: str) -> list[Judged]:
    """Those of these families."""
    return [row for row in rows if row.text.family in names]


def in_language(rows: Rows, lang: str) -> list[Judged]:
    """Those of one language."""
    return [row for row in rows if row.text.lang == lang]


# -- The goals -----------------------------------------------------------------------------------


def goals(found: Measured, system: str = ENGINE) -> list[Goal]:
    """The goals of the design on texts, by this system: the first stages, or all of them."""
    return [
        Goal(
            one.name,
            Share.of(one.of(found.apart), one.says(system)),
            Share.of(one.of(found.development), one.says(ENGINE)),
            one.must,
            one.goal,
            least=one.goal > one.must,
        )
        for one in PROMISES
    ]


def _contact(rows: Rows) -> Rows:
    return [row for row in hits(rows) if row.text.policy in CONTACT]


def _grave(rows: Rows) -> Rows:
    return of_family(hits(rows), *GRAVE)


def _adult(rows: Rows) -> Rows:
    return of_family(rows, "adult")


@dataclass(frozen=True, slots=True)
class Promise:
    """A goal of the design: which texts it is about, and what is counted among them."""

    name: str
    of: Callable[[Rows], Rows]
    says: Callable[[str], Test]
    must: float
    goal: float


PROMISES = (
    Promise("caught, all families", hits, caught, 0.75, 0.88),
    Promise("caught: contact, payment, solicitation", _contact, caught, 0.85, 0.95),
    Promise("caught: minors, threats, sextortion, self-harm", _grave, caught, 0.85, 0.95),
    Promise("hard negatives flagged or held", twins, caught, 0.03, 0.01),
    Promise("hard negatives held", twins, held, 0.03, 0.01),
    Promise("consenting adult talk flagged or held", _adult, caught, 0.02, 0.01),
    Promise("consenting adult talk held", _adult, held, 0.02, 0.01),
)


def goals_in_disguise(found: Measured) -> Iterator[Goal]:
    """The goals of the design on texts in disguise, by the first stages."""
    kept = _hidden([one for one in found.disguised if one.text.is_hit])
    alarms = _hidden([one for one in found.disguised if not one.text.is_hit])
    yield Goal("evasions: kept of what is caught in clear", kept, None, 0.85, 0.95)
    yield Goal("evasions: styled harmless flagged or held", alarms, None, 0.03, 0.01, least=False)


def _hidden(rows: Sequence[Disguised]) -> Share:
    """Those caught in disguise; a text counts once for the interval, however often disguised."""
    count = sum(one.hidden for one in rows)
    return Share(count, len(rows), len({one.text.id for one in rows}))


def every_goal(found: Measured) -> Iterator[tuple[str, Goal]]:
    """Each goal with the system it was measured by."""
    for system in (name for name in (ENGINE, SECOND) if name in found.systems):
        yield from ((system, one) for one in goals(found, system))
    yield from ((ENGINE, one) for one in goals_in_disguise(found))


def goals_table(found: Measured) -> Table:
    """First thing to read."""
    every = [*goals(found), *goals_in_disguise(found)]
    second = goals(found, SECOND) if SECOND in found.systems else []
    rows = [
        (
            one.name,
            one.limit(one.must),
            one.limit(one.goal),
            one.apart,
            f"**{one.status}**",
            other.apart if other else "-",
            f"**{other.status}**" if other else "-",
            one.development or "-",
        )
        for one, other in zip_longest(every, second)
    ]
    before = GOALS_BEFORE if second else f"{GOALS_BEFORE} {UNMEASURED}"
    columns = ("what", "must", "goal", ENGINE, "status", SECOND, "status", "development")
    return Table("goals", "The goals", before, columns, rows)


GOALS_BEFORE = (
    "Judged on the third kept apart, one set of thresholds for everything: by the first stages "
    "alone (*rules and model*), as a server judges whose second opinion is off, and by the whole "
    "engine (*with a second opinion*), as `./aparte screen` does. *Development*, by the first "
    "stages, stands beside to show how much the rules know the texts they were written from: it is "
    "no measure of quality."
)


# -- Beside others -------------------------------------------------------------------------------


def systems_table(found: Measured) -> Table:
    """The engine, its parts, and what others would use, on the same texts."""
    rows: list[list[Cell]] = []
    for one in PROMISES:
        chosen = one.of(found.apart)
        rows.append([one.name, *(Share.of(chosen, one.says(name)) for name in found.systems)])
    everyday = of_family(found.apart, "everyday")
    shares = (Share.of(everyday, caught(name)) for name in found.systems)
    rows.append(["everyday talk flagged or held", *shares])
    before = SYSTEMS_BEFORE if SECOND in found.systems else f"{SYSTEMS_BEFORE} {UNMEASURED}"
    return Table("systems", "Beside others", before, ["kept apart", *found.systems], rows)


SYSTEMS_BEFORE = (
    "The same texts of the third kept apart. *Profanity list*: the package better-profanity as it "
    "comes. *Plain regexes*: the words of our own packs as regular expressions of the standard "
    "library, without the two views, extractors, distances, memory and cancelling words. A filter "
    "has one answer, counted as a hold."
)
UNMEASURED = "The second opinion was not measured for this page (`--second-opinion` does)."


# -- By family, axis, length ---------------------------------------------------------------------


def families_table(rows: Rows, part: str) -> Table:
    """Hits by family and language."""
    tests = (("caught", caught()), ("held", held()), ("right policy", right()))
    columns = ["family", *(f"{lang}: {name}" for lang in LANGUAGES.values() for name, _ in tests)]
    families = sorted({row.text.family for row in hits(rows)})
    lines: list[list[Cell]] = []
    for name, chosen in [*((one, of_family(hits(rows), one)) for one in families),
                         ("**all**", hits(rows))]:  # fmt: skip
        shares = (
            Share.of(in_language(chosen, lang), says) for lang in LANGUAGES for _, says in tests
        )
        lines.append([name, *shares])
    return Table(f"families_{part}", f"Caught by family: {part}", FAMILIES_BEFORE, columns, lines)


FAMILIES_BEFORE = (
    "*Caught*: flagged or held, so that a human looks. *Held*: not delivered meanwhile; some "
    "policies may only be flagged. *Right policy*: a finding of the right policy group."
)


def alarms_table(rows: Rows, part: str) -> Table:
    """Harmless texts by the reason why they are harmless, and by language."""
    tests = (("flagged or held", caught()), ("held", held()))
    columns = ["harmless", *(f"{lang}: {name}" for lang in LANGUAGES.values() for name, _ in tests)]
    chosen: dict[str, Rows] = {
        f"twins: {axis.replace('_', ' ')}": [r for r in twins(rows) if r.text.axis == axis]
        for axis in AXES
    }
    chosen["**all twins**"] = twins(rows)
    chosen |= {f"{name} talk": of_family(rows, name) for name in HARMLESS_FAMILIES}
    lines: list[list[Cell]] = [
        [name, *(Share.of(in_language(of, lang), says) for lang in LANGUAGES for _, says in tests)]
        for name, of in chosen.items()
    ]
    return Table(f"alarms_{part}", f"False alarms: {part}", ALARMS_BEFORE, columns, lines)


ALARMS_BEFORE = (
    "A *twin* shares the words of a policy and not its act. `adult`: consenting talk between "
    "verified adults. `everyday`: ordinary chat."
)


def lengths_table(rows: Rows) -> Table:
    """By number of words, and with or without earlier messages."""
    chosen = {name: _of_length(low, high) for name, (low, high) in LENGTHS.items()}
    chosen["after earlier messages"] = lambda row: bool(row.text.recent)
    lines: list[list[Cell]] = [
        [
            name,
            Share.of(filter(says, hits(rows)), caught()),
            Share.of((row for row in rows if not row.text.is_hit and says(row)), caught()),
        ]
        for name, says in chosen.items()
    ]
    before = "Kept apart, both languages. The texts carry no column for their register."
    columns = ("text", "hits caught", "harmless flagged or held")
    return Table("lengths", "By length", before, columns, lines)


def _of_length(low: int, high: int) -> Test:
    return lambda row: low <= len(row.text.text.split()) <= high


def groups_table(rows: Rows) -> Table:
    """Which policy groups are named for hits of each group."""
    lines: list[list[Cell]] = []
    for group in sorted({row.text.group for row in hits(rows)}):
        of = [row for row in hits(rows) if row.text.group == group]
        wrong = [row for row in of if row.by[ENGINE].caught and not row.right(ENGINE)]
        named = Counter(name for row in wrong for name in row.by[ENGINE].groups)
        lines.append([
            group, len(of), sum(row.right(ENGINE) for row in of), len(wrong),
            sum(not row.by[ENGINE].caught for row in of), _listed(named),
        ])  # fmt: skip
    columns = ("group", "hits", "right", "another", "missed", "which others")
    return Table("groups", "Which policy is named", GROUPS_BEFORE, columns, lines)


GROUPS_BEFORE = (
    "Kept apart, both languages, by policy group. *Another*: caught, but only for other groups."
)


def _listed(counts: Counter[str]) -> str:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered) or "-"


# -- Evasions, corpus ----------------------------------------------------------------------------


def evasions_table(rows: Sequence[Disguised]) -> Table:
    """By evasion family."""
    lines: list[list[Cell]] = [
        [
            family,
            Share.of((one for one in of if one.text.is_hit), lambda one: one.hidden),
            Share.of((one for one in of if not one.text.is_hit), lambda one: one.hidden),
            Share.of((one for one in of if not one.text.is_hit), lambda one: one.clear),
        ]
        for family in dict.fromkeys(one.family for one in rows)
        for of in ([one for one in rows if one.family == family],)
    ]
    columns = (
        "evasion", "kept of what is caught in clear", "styled harmless flagged or held",
        "the same in clear",
    )  # fmt: skip
    return Table("evasions", "Evasions", EVASIONS_BEFORE, columns, lines)


EVASIONS_BEFORE = (
    "Each hit of the third kept apart that is caught in clear, and one harmless text in three, "
    "rewritten by `tests/safety/evasions.py`; texts that a family leaves as they are do not count."
)


def beside_table(found: Measured) -> Table:
    """The same texts inside a longer message."""
    lines: list[list[Cell]] = []
    for one in (PROMISES[0], PROMISES[3], PROMISES[5]):
        for system in (name for name in (ENGINE, SECOND) if name in found.systems):
            each = (one.of(rows) for rows in (found.apart, *found.beside.values()))
            shares = (Share.of(chosen, one.says(system)) for chosen in each)
            lines.append([f"{one.name}: {system}", *shares])
    columns = ["kept apart", "alone", *(f"{size} characters beside" for size in found.beside)]
    return Table("beside", "Beside harmless chat", BESIDE_BEFORE, columns, lines)


BESIDE_BEFORE = (
    "Each text of the third kept apart with everyday talk in lines before or after it, as a longer "
    "message has it: so much of it or a little more. What is added is harmless and passes alone. "
    "A long message is read in windows, each of which may be caught or falsely alarm."
)


def corpus_table(rows: Rows) -> Table:
    """Rules alone, on texts that were not written for them."""
    lines: list[list[Cell]] = []
    groups = [*sorted({row.text.group for row in hits(rows)}), ""]
    for group in groups:
        of = [row for row in rows if group in ("", row.text.group)]
        cells = (
            Share.of(
                (row for row in in_language(of, lang) if row.text.is_hit is hit), caught(RULES)
            )
            for lang in LANGUAGES
            for hit in (True, False)
        )
        lines.append([group or "**all**", *cells])
    columns = ["policy group"]
    columns += [f"{lang}: {name}" for lang in LANGUAGES.values() for name in ("hits", "harmless")]
    return Table("corpus", "Rules alone, on other texts", CORPUS_BEFORE, columns, lines)


CORPUS_BEFORE = (
    "`safety/training/corpus`: texts written later and apart, to teach the model, over more "
    "policies than the in-domain set. The model knows them, so only the rules are counted here "
    "(flagged or held); what the model makes of such texts when it has not seen them is "
    "cross-fitted in the [model card](model-card.md). **This is the nearest to what a stranger's "
    "texts would give**: compare it with the column *rules alone* above."
)
