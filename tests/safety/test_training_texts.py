"""What training reads: our own texts with their labels, public sets that are the expected ones."""

import csv
import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from safety.training import texts
from tests.safety import in_domain


def test_the_third_kept_apart_never_teaches_and_the_rest_does():
    own = texts.own_texts(in_domain.FOLDER)
    groups = {one.group for one in own}
    apart = {f"{t.family}/{t.lang}/{t.wording}" for t in in_domain.held_out()}
    learnt = {f"{t.family}/{t.lang}/{t.wording}" for t in in_domain.development()}
    assert groups & apart == set()
    assert groups <= learnt
    assert len(own) > 0.95 * len(in_domain.development())


def test_the_corpus_is_about_as_large_as_its_datasheet_says():
    sheet = (texts.CORPUS / "README.md").read_text("utf-8")
    for lang in texts.LANGUAGE_FOLDERS:
        labels = [
            line.partition("\t")[0]
            for file in (texts.CORPUS / lang).glob("*.tsv")
            for line in file.read_text("utf-8").splitlines()
        ]
        stated = re.search(rf"\| {lang} \| ([\d,]+) \| ([\d,]+) \|", sheet)
        assert stated
        for label, count in zip(("hit", "twin"), stated.groups(), strict=True):
            assert labels.count(label) == pytest.approx(int(count.replace(",", "")), rel=0.1)


def test_the_corpus_teaches_both_sides_of_every_policy_it_names():
    found = texts.corpus()
    hits = {name for one in found for name in one.policies}
    assert len(hits) >= 30
    assert all(one.harmless != bool(one.policies) and one.own for one in found)
    assert {one.source for one in found} == {"hit", "twin", *texts.HARMLESS_FAMILIES}
    assert len({(one.lang, one.text) for one in found}) == len(found)


def test_a_text_of_the_corpus_is_no_text_kept_apart():
    apart = {texts.clean(one.text) for one in in_domain.held_out()}
    same = [one for one in texts.corpus() if len(one.text.split()) > 4 and one.text in apart]
    assert not same


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("hit\tviolence.threat", "three columns"),
        ("hit\tviolence.threat\tone\ttwo", "three columns"),
        ("maybe\tviolence.threat\tone", "neither hit nor twin"),
        ("hit\tviolence.unknown\tone", "is no policy"),
        ("hit\tnone\tone", "is no policy"),
        ("hit\tviolence.threat\t ", "empty or too long"),
        ("twin\tnone\t" + "a" * 1_001, "empty or too long"),
    ],
)
def test_a_wrong_line_of_the_corpus_is_named_in_one_sentence(tmp_path: Path, line: str, wrong: str):
    file = tmp_path / "en" / "threats-1.tsv"
    file.parent.mkdir()
    file.write_text("twin\tviolence.threat\tyou kill me, so funny\n" + line)
    with pytest.raises(texts.DataError, match=rf"^en/threats-1.tsv, line 2: .*{wrong}.*\.$"):
        texts.corpus(tmp_path)


def test_a_right_line_of_the_corpus_keeps_its_label_and_its_family(tmp_path: Path):
    with pytest.raises(texts.DataError, match="holds no texts"):
        texts.corpus(tmp_path)
    file = tmp_path / "fr" / "threats-1.tsv"
    file.parent.mkdir()
    file.write_text("hit\tviolence.threat\tJe te tuerai\ntwin\tnone\tBonne nuit")
    hit, twin = texts.corpus(tmp_path)
    assert (hit.text, hit.source, hit.lang) == ("je te tuerai", "hit", "fr")
    assert (hit.policies, hit.abuse, hit.harmless) == ({"violence.threat": 1.0}, 1.0, False)
    assert (twin.source, twin.policies, twin.harmless) == ("everyday", {}, True)
    assert hit.group == twin.group


def test_no_share_alike_set_is_read():
    assert not [source for source in texts.SOURCES if "vicomtech" in source.path]


def test_handles_and_addresses_are_dropped_before_anything_is_learnt():
    assert (
        texts.clean("RT @somebody: Vois https://example.org/x  ÇA &amp; ris") == ": vois ca & ris"
    )
    assert texts.clean("écris à moi") == "ecris a moi"


def write_csv(file: Path, rows: list[dict[str, str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


COLUMNS: dict[str, dict[str, str]] = {
    "davidson": {"class": "0"},
    "edos": {"label_sexist": "sexist"},
    "mlma": {"sentiment": "hateful"},
    "ftr": {"label": "1"},
    "hatemoji": {"label_gold": "0"},
    "wiki": {"toxic": "True"},
    "pairs": {"toxic": "1", "identity_hate": "1", "threat": "0", "content": "tu es nul"},
    "forum": {"annotator's conclusion": "1.0", "2nd annotation score": "0.75"},
    "sms": {"v1": "ham"},
    "banking": {},
}


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A folder with one row in every public set."""
    for source in texts.SOURCES:
        file, text = tmp_path / source.path, f"un texte de {source.name} {source.path}"
        if source.name == "toxigen":
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps([{"text": text, "label": "hate"}]))
        elif source.column != "content" or source.name == "forum":
            write_csv(file, [{source.column: text, **COLUMNS[source.name]}])
    lists = tmp_path / "lexicons"
    lists.mkdir()
    (lists / "cuss_fr.json").write_text('{"ordure": 2, "zut": 0}')
    (lists / "cuss_en.json").write_text('{"scumbag": 2}')
    insult = {"text": "wretch", "category_1": "other / general insult", "severity_rating": "2.0"}
    swear = {"text": "bum", "category_1": "sexual anatomy / sexual acts", "severity_rating": "2.0"}
    write_csv(tmp_path / texts.SURGE, [insult, swear])
    return tmp_path


def test_every_public_set_is_read_with_its_labels(public: Path):
    found = {one.source: one for one in texts.public_texts(public)}
    assert set(found) == {source.name for source in texts.SOURCES}
    assert found["davidson"].policies == {"hate.speech": 1.0}
    assert (found["edos"].abuse, found["hatemoji"].abuse) == (1.0, 0.0)
    assert found["sms"].harmless
    assert not found["wiki"].harmless


def test_word_lists_teach_insults_and_not_swearing(public: Path):
    assert {one.text for one in texts.insults(public)} == {"ordure", "scumbag", "wretch"}


@pytest.mark.parametrize("source", texts.SOURCES, ids=lambda source: source.path)
def test_a_missing_set_is_named_in_one_sentence(public: Path, source: texts.Source):
    (public / source.path).unlink()
    with pytest.raises(texts.DataError, match=rf"^The set {source.name} is missing: .+\.$"):
        texts.public_texts(public)


def test_a_file_that_is_another_is_named_in_one_sentence(public: Path):
    (public / "wiki_toxic/toxicity_nonfuzzed_testset.csv").write_text("a,b\n1,2\n")
    with pytest.raises(texts.DataError, match="is not the set wiki"):
        texts.public_texts(public)


def test_the_command_says_what_is_missing(tmp_path: Path):
    with pytest.raises(CommandError, match="is no folder"):
        call_command("train", data=tmp_path / "nowhere", out=tmp_path)
    with pytest.raises(CommandError, match="holds no texts"):
        call_command("train", data=tmp_path, own=tmp_path, out=tmp_path)
