"""The rule book loads only when every rule keeps its word, and says who does not."""

from pathlib import Path

import pytest

from safety.rules import rulebook
from safety.rules.rulebook import PackError
from safety.rules.taxonomy import Action, UnknownPolicy, policies, policy
from safety.screening import Context, Engine

BOOK = rulebook.load()
ENGINE = Engine.load()
PACK = """
version = 1
[words]
fruit = ["pomme", "poire"]
[[rule]]
id = "fruit.offer"
policy = "{policy}"
action = "{action}"
reason_fr = "Un fruit est offert."
reason_en = "Fruit is offered."
all = ["je t'offre", "{pattern}"]
none = ["pas"]
within = 4
matches = ["je t'offre une pomme", "je t'offre une poire mûre", {match}]
twins = ["je ne t'offre pas une pomme", "la pomme est mûre", "je t'offre un livre"]
"""


def engine_of(folder: Path, name: str = "fruit.fr.toml", **changes: str) -> Engine:
    parts = {
        "policy": "abuse.spam",
        "action": "flag",
        "pattern": "<fruit>",
        "match": '"je t’offre ta poire"',
    }
    (folder / name).write_text(PACK.format(**parts | changes), "utf-8")
    return Engine.load(folder)


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.id)
def test_each_rule_finds_its_matches_and_lets_its_twins_pass_every_rule(
    rule: rulebook.Rule,
) -> None:
    for *recent, text in rule.matches:
        context = Context(sender_role="fan", country="FR", recent=tuple(recent))
        verdict = ENGINE.screen(text, context)
        assert rule.id in {finding.rule for finding in verdict.findings}
        assert verdict.cause == ""
    for *recent, text in rule.twins:
        context = Context(sender_role="fan", country="FR", recent=tuple(recent))
        assert ENGINE.screen(text, context).action is Action.PASS, text


def test_every_group_of_text_policies_speaks_both_languages() -> None:
    spoken = {(rule.policy, lang) for rule in BOOK.rules for lang in ("fr", "en", "any")
              if rule.lang == lang}  # fmt: skip
    for name in {rule.policy for rule in BOOK.rules} - {"traffick.human"}:
        assert (name, "any") in spoken or {(name, "fr"), (name, "en")} <= spoken, name


def test_no_rule_goes_beyond_what_its_policy_allows() -> None:
    for rule in BOOK.rules:
        assert rule.action.rank <= policy(rule.policy).in_flight.rank


def test_a_good_pack_loads(tmp_path: Path) -> None:
    verdict = engine_of(tmp_path).screen("je t'offre une pomme", Context("fan", "FR"))
    assert [finding.rule for finding in verdict.findings] == ["fruit.offer"]


def test_a_hold_is_capped_by_the_policy(tmp_path: Path) -> None:
    verdict = engine_of(tmp_path, action="hold").screen(
        "je t'offre une pomme", Context("fan", "FR")
    )
    assert verdict.action is Action.FLAG


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"match": '"je mange une pomme"'}, "misses its match"),
        ({"pattern": "(?:une|un)", "match": '"je t’offre une fleur"'}, "finds its twin"),
        ({"pattern": "<legume>"}, "no word list is called"),
        ({"pattern": "(une"}, "missing"),
        ({"pattern": "@telepathy"}, "no extractor is called"),
        ({"policy": "no.such"}, "UnknownPolicy"),
        ({"action": "withhold"}, "withhold"),
        ({"action": "pass"}, "flags or holds"),
        ({"name": "fruit.toml"}, "a pack is"),
    ],
)
def test_a_bad_pack_does_not_load_and_the_rule_is_named(
    tmp_path: Path, changes: dict[str, str], says: str
) -> None:
    with pytest.raises(PackError, match=says) as refused:
        engine_of(tmp_path, **changes)
    assert "fruit" in str(refused.value)


def test_a_rule_id_is_used_once(tmp_path: Path) -> None:
    engine_of(tmp_path)
    with pytest.raises(PackError, match="another rule has this id"):
        engine_of(tmp_path, name="other.fr.toml")


def test_the_version_follows_every_byte_of_the_packs(tmp_path: Path) -> None:
    first = engine_of(tmp_path).version
    assert engine_of(tmp_path).version == first
    assert engine_of(tmp_path, match='"je t’offre cette poire"').version != first


def test_all_policies_have_titles_and_articles_in_both_languages() -> None:
    assert len(policies()) == 45
    for one in policies().values():
        assert all((one.title_fr, one.title_en, one.article_fr, one.article_en))
        assert one.sla_minutes > 0


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(UnknownPolicy):
        policy("no.such")
