"""The texts a model learns from: public sets of a folder, our own texts, generated ones.

Hides the file formats and the label habits of each public set. A text is cleaned of handles and
addresses and folded exactly as the product folds what it judges. Share-alike data is not read:
the weights are published under the licence of the project.
"""

import csv
import html
import io
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from safety.rules import taxonomy
from safety.rules.classifier import LESSON_CHARACTERS
from safety.rules.normalise import fold

APART = 3  # one wording in three of our own texts is kept apart, and never read here
TEST = 10  # one public text in ten measures and never teaches
HARMLESS_FAMILIES = ("adult", "everyday")
ABUSIVE = ("hate.", "harass.", "violence.")
_HANDLE = re.compile(r"(?<!\w)@\w+|\[(?:USER|URL)\]|https?\S+|\bRT\b|MENTION\d*")


class DataError(ValueError):
    """A set is missing or is not what it should be; the message is one sentence for people."""


@dataclass(frozen=True, slots=True)
class Example:
    """One folded text and what is known of it.

    `group`: texts that share it never stand on both sides of a fit. `abuse` and a policy are
    1.0, 0.0 or absent (None) when the set does not say. `harmless`: nothing may be held here.
    `said`: the text as it was written, of those that no rule was written from; else empty.
    """

    text: str
    lang: str
    source: str
    group: str
    abuse: float | None = None
    policies: Mapping[str, float] = field(default_factory=dict)
    harmless: bool = False
    said: str = ""

    @property
    def own(self) -> bool:
        """True for the texts of this project, labelled with policies."""
        return self.source in ("hit", "twin", *HARMLESS_FAMILIES)

    @property
    def test(self) -> bool:
        """True for the share of the public texts that only measures."""
        return not self.own and _number(self.group) % TEST == 0


def _number(words: str) -> int:
    return int.from_bytes(sha256(words.encode("utf-8", "surrogatepass")).digest()[:8])


def clean(text: str) -> str:
    """`text` as the model reads it, without handles and addresses, cut to one window."""
    plain = _HANDLE.sub(" ", html.unescape(text))
    return " ".join(fold(plain).text.split())[:LESSON_CHARACTERS]


def every_text(own: Path, public: Path) -> list[Example]:
    """All that the model learns from but generated texts, in order."""
    return [*own_texts(own), *corpus(), *public_texts(public), *insults(public)]


# -- Our own texts -------------------------------------------------------------------------------


def kept_apart(family: str, wording: str) -> bool:
    """Whether a wording belongs to the third that only measures: the rule of the datasheet."""
    digest = sha256(f"{family}/{wording}".encode()).digest()
    return int.from_bytes(digest) % APART == 0


def own_texts(folder: Path) -> list[Example]:
    """The development part of our own texts, in the order of the files."""
    files = sorted(folder.glob("*/*.toml"))
    if not files:
        raise DataError(f"{folder} holds no texts: expected <language>/<family>.toml.")
    return [example for file in files for example in _own(file)]


def _own(file: Path) -> Iterator[Example]:
    lang, family = file.parent.name, file.stem
    try:
        rows = tomllib.loads(file.read_text("utf-8"))["text"]
        for row in rows:
            if not kept_apart(family, row["wording"]) and not _hangs_on_the_past(row):
                yield _own_example(row, lang, family)
    except (KeyError, ValueError) as wrong:
        raise DataError(f"{file} is not a file of texts: {wrong}.") from None


def _hangs_on_the_past(row: Mapping[str, Any]) -> bool:
    """A hit of two words after earlier messages: alone it says nothing, and would teach noise."""
    return bool(row.get("recent")) and row["label"] == "hit" and len(row["text"].split()) < 4


def _own_example(row: Mapping[str, Any], lang: str, family: str) -> Example:
    hit, policy = row["label"] == "hit", row["policy"]
    source = family if family in HARMLESS_FAMILIES else row["label"]
    return Example(
        text=clean(row["text"]),
        lang=lang,
        source=source,
        group=f"{family}/{lang}/{row['wording']}",
        abuse=float(hit and policy.startswith(ABUSIVE)),
        policies={policy: 1.0} if hit else {},
        harmless=not hit,
    )


CORPUS = Path(__file__).with_name("corpus")
LANGUAGE_FOLDERS = ("en", "fr")
NONE = "none"  # instead of a policy: talk that shares nothing with any act
CORPUS_MAX_CHARACTERS = 1_000


def corpus(folder: Path = CORPUS) -> list[Example]:
    """The texts written for training, in the order of the files; its README is the datasheet.

    Files of the same name are one group: one author wrote both languages in one go. `DataError`
    names the first wrong line.
    """
    files = [file for lang in LANGUAGE_FOLDERS for file in sorted(folder.glob(f"{lang}/*.tsv"))]
    if not files:
        raise DataError(f"{folder} holds no texts: expected <language>/<family>-<number>.tsv.")
    found = [
        _corpus_example(file, number, line)
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
    ]
    return list({(one.lang, one.text): one for one in found}.values())


def _corpus_example(file: Path, number: int, line: str) -> Example:
    label, policy, text = [*line.split("\t"), "", ""][:3]
    wrong = _wrong_with(line, label, policy)
    if wrong:
        raise DataError(f"{file.parent.name}/{file.name}, line {number}: {wrong}.")
    hit, family = label == "hit", file.stem.rpartition("-")[0]
    talk = "adult" if family == "adult" else "everyday"
    return Example(
        text=clean(text),
        lang=file.parent.name,
        source=talk if policy == NONE else label,
        group=f"{family}/corpus/{file.stem}",
        abuse=float(hit and policy.startswith(ABUSIVE)),
        policies={policy: 1.0} if hit else {},
        harmless=not hit,
        said=text.strip(),
    )


def _wrong_with(line: str, label: str, policy: str) -> str:
    if line.count("\t") != 2:
        return "three columns are expected, separated by tabs"
    if label not in ("hit", "twin"):
        return f"{label!r} is neither hit nor twin"
    if policy not in taxonomy.policies() and (policy, label) != (NONE, "twin"):
        return f"{policy!r} is no policy"
    text = line.rpartition("\t")[2].strip()
    return "" if 0 < len(text) <= CORPUS_MAX_CHARACTERS else "the text is empty or too long"


# -- Public sets ---------------------------------------------------------------------------------

HATE, BULLYING, THREAT = "hate.speech", "harass.bullying", "violence.threat"
Row = Mapping[str, Any]
Label = tuple[float | None, dict[str, float], bool]  # abuse, policies, harmless

SAFE: Label = (0.0, {}, True)
NO_ABUSE: Label = (0.0, {HATE: 0.0}, False)
ABUSE: Label = (1.0, {}, False)
HATEFUL: Label = (1.0, {HATE: 1.0}, False)
UNSAID: Label = (None, {}, False)


def _davidson(row: Row) -> Label:
    return {"0": HATEFUL, "1": ABUSE, "2": SAFE}[row["class"]]


def _edos(row: Row) -> Label:
    return ABUSE if row["label_sexist"] == "sexist" else NO_ABUSE


def _mlma(row: Row) -> Label:
    said = set(row["sentiment"].split("_"))
    if "hateful" in said:
        return HATEFUL if said - {"normal"} == said else UNSAID
    if "normal" in said:
        return NO_ABUSE if said == {"normal"} else UNSAID
    return ABUSE if said & {"abusive", "offensive", "disrespectful"} else UNSAID


def _jigsaw(row: Row) -> Label:
    toxic = row["toxic"] == "1"
    policies = {HATE: float(row["identity_hate"]), THREAT: float(row["threat"])}
    return (1.0 if toxic else 0.0, policies if toxic else {HATE: 0.0}, False)


def _forum(row: Row) -> Label:
    first, second = float(row["annotator's conclusion"]), float(row["2nd annotation score"])
    return UNSAID if abs(first - second) > 0.5 else (first, {}, False)


def _racist(row: Row) -> Label:
    return HATEFUL if row["label"] == "1" else NO_ABUSE


def _hatemoji(row: Row) -> Label:
    return HATEFUL if row["label_gold"] == "1" else NO_ABUSE


def _toxigen(row: Row) -> Label:
    return HATEFUL if row["label"] == "hate" else NO_ABUSE


def _wiki(row: Row) -> Label:
    return ABUSE if row["toxic"] == "True" else NO_ABUSE


def _harmless(row: Row) -> Label:
    return SAFE


def _sms(row: Row) -> Label:
    return SAFE if row["v1"] == "ham" else (0.0, {}, False)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a public set lies, which column is the text, and how its labels read."""

    name: str
    path: str
    column: str
    lang: str
    label: Callable[[Row], Label]
    encoding: str = "utf-8"


SOURCES = (
    Source("davidson", "davidson/labeled_data.csv", "tweet", "en", _davidson),
    Source("edos", "edos/edos_labelled_aggregated.csv", "text", "en", _edos),
    Source("mlma", "mlma/en_dataset.csv", "tweet", "en", _mlma),
    Source("mlma", "mlma/fr_dataset.csv", "tweet", "fr", _mlma),
    Source("ftr", "ftr/FTR_new_labels.csv", "tweet", "fr", _racist),
    Source("hatemoji", "hatemoji_build/train.csv", "text", "en", _hatemoji),
    Source("hatemoji", "hatemoji_build/validation.csv", "text", "en", _hatemoji),
    Source("hatemoji", "hatemoji_build/test.csv", "text", "en", _hatemoji),
    Source("toxigen", "toxigen_annotated/toxiGen.json", "text", "en", _toxigen),
    Source("wiki", "wiki_toxic/toxicity_nonfuzzed_testset.csv", "comment", "en", _wiki),
    Source("pairs", "toxifrench_dev/jigsaw_en_fr_pairs.csv", "original_text", "en", _jigsaw),
    Source("pairs", "toxifrench_dev/jigsaw_en_fr_pairs.csv", "content", "fr", _jigsaw),
    Source("forum", "toxifrench_dev/agreement_500.csv", "content", "fr", _forum),
    Source("sms", "sms_spam/spam.csv", "v2", "en", _sms, "latin-1"),
    Source("banking", "banking77/train.csv", "text", "en", _harmless),
)
_REFUSED = re.compile(r"(?:je suis desole|desole, je ne peux|je ne peux pas (?:traduire|repondre))")


def public_texts(folder: Path) -> list[Example]:
    """The texts of every public set, in order, each text once; `DataError` names what is wrong."""
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder.")
    seen: dict[tuple[str, str], Example] = {}
    for source in SOURCES:
        for example in _examples(source, folder / source.path):
            seen.setdefault((example.lang, example.text), example)
    return list(seen.values())


def _examples(source: Source, file: Path) -> Iterator[Example]:
    try:
        for row in _rows(file, source.encoding):
            abuse, policies, harmless = source.label(row)
            text = clean(row[source.column])
            refused = source.name == "pairs" and _REFUSED.match(text)
            if len(text) > 1 and abuse is not None and not refused:
                group = f"{source.name}/{row.get('msg_id', text)}"
                yield Example(text, source.lang, source.name, group, abuse, policies, harmless)
    except FileNotFoundError:
        raise DataError(f"The set {source.name} is missing: {source.path}.") from None
    except (KeyError, TypeError, ValueError) as wrong:
        raise DataError(f"{source.path} is not the set {source.name}: {wrong!r}.") from None


# -- Word lists ----------------------------------------------------------------------------------

CUSS = (("lexicons/cuss_fr.json", "fr"), ("lexicons/cuss_en.json", "en"))
SURGE = "lexicons/surge_profanity_en.csv"
SURE = 2  # of 0..2: how sure it is that the word is an insult
INSULTS = (
    "racial / ethnic slurs", "sexual orientation / gender", "religious offense",
    "mental disability", "physical disability", "other / general insult", "political",
)  # fmt: skip


def insults(folder: Path) -> list[Example]:
    """The words of the lists that insult a person; those of sex and of swearing are left out."""
    found = [
        (word, lang) for path, lang in CUSS for word, sure in _words(folder / path) if sure == SURE
    ]
    found += [
        (row["text"], "en")
        for row in _listed(folder / SURGE)
        if row["category_1"].strip() in INSULTS and float(row["severity_rating"]) >= 1.5
    ]
    texts = dict.fromkeys((clean(word), lang) for word, lang in found)
    return [
        Example(text, lang, "lexicon", f"lexicon/{text}", abuse=1.0) for text, lang in texts if text
    ]


def _words(file: Path) -> Iterable[tuple[str, int]]:
    try:
        return [
            (str(word), int(sure)) for word, sure in json.loads(file.read_text("utf-8")).items()
        ]
    except (OSError, ValueError, AttributeError) as wrong:
        raise DataError(f"{file.name} is missing or is no word list: {wrong!r}.") from None


def _listed(file: Path) -> list[Row]:
    try:
        return list(_rows(file, "utf-8"))
    except OSError as wrong:
        raise DataError(f"{file.name} is missing: {wrong!r}.") from None


def _rows(file: Path, encoding: str) -> Iterable[Row]:
    text = file.read_bytes().decode(encoding, "replace")
    if file.suffix == ".json":
        rows: list[Row] = json.loads(text)
        return rows
    return csv.DictReader(io.StringIO(text, newline=""))
