"""Rules and model decide together: a rule that the model contradicts is recorded without effect."""

from pathlib import Path
from typing import Any

import pytest

from safety import screening
from safety.rules import rulebook
from safety.rules.rulebook import PackError
from safety.screening import Action, Context, Engine
from tests.safety.books import FRUIT, ChosenModel, book_of, grave, rule

CONTEXT = Context(sender_role="fan", country="FR", language="fr")
THRESHOLDS = """
[fraud.scam]
review = 0.6
flag = 0.7
hold = 0.8
support = 0.4
[csae.grooming]
review = 0.6
flag = 0.7
hold = 0.8
support = 0.4
"""
HARMLESS = {"fraud.scam": 0.39, "csae.grooming": 0.2}


def engine(folder: Path, scores: dict[str, float], *rules: str, language: str = "fr") -> Engine:
    model = ChosenModel(scores, language=language)
    book = book_of(folder, *(rules or (rule(),)), thresholds=THRESHOLDS, model=ChosenModel.TEXT)
    return Engine(book, model)


def test_a_rule_that_the_model_contradicts_is_recorded_without_effect(tmp_path: Path):
    verdict = engine(tmp_path, HARMLESS).screen("une pomme", CONTEXT)
    assert (verdict.action, verdict.findings) == (Action.PASS, ())
    assert [one.rule for one in verdict.shadow] == [FRUIT]


def test_a_rule_holds_as_soon_as_the_model_finds_any_harm_likely_enough(tmp_path: Path):
    harm_of_another_kind = {"fraud.scam": 0.1, "csae.grooming": 0.4}
    verdict = engine(tmp_path, harm_of_another_kind).screen("une pomme", CONTEXT)
    assert (verdict.action, verdict.shadow) == (Action.HOLD, ())


@pytest.mark.parametrize("policy", ["ncii.sextortion", "csae.minor_user", "selfharm.promotion"])
def test_the_model_contradicts_grave_rules_where_harm_is_less_likely_still(
    tmp_path: Path, policy: str
):
    more = f"\n[{policy}]\nreview = 0.6\nflag = 0.7\nhold = 0.8\nsupport = 0.2\n"
    said = rule(policy=policy, action="flag")
    book = book_of(tmp_path, said, thresholds=THRESHOLDS + more, model=ChosenModel.TEXT)
    unlikely = dict.fromkeys(("fraud.scam", "csae.grooming", policy), 0.1)
    verdict = Engine(book, ChosenModel(unlikely | {policy: 0.2})).screen("une pomme", CONTEXT)
    assert [one.rule for one in verdict.findings] == [FRUIT]
    verdict = Engine(book, ChosenModel(unlikely | {policy: 0.19})).screen("une pomme", CONTEXT)
    assert (verdict.findings, [one.rule for one in verdict.shadow]) == ((), [FRUIT])


def test_no_model_contradicts_a_firm_rule(tmp_path: Path):
    verdict = engine(tmp_path, HARMLESS, rule(more="firm = true")).screen("une pomme", CONTEXT)
    assert [one.rule for one in verdict.findings] == [FRUIT]


def test_a_rule_is_firm_or_not(tmp_path: Path):
    with pytest.raises(PackError, match="`firm` is true or false"):
        engine(tmp_path, HARMLESS, rule(more='firm = "perhaps"'))


def test_the_model_contradicts_nothing_in_a_language_it_does_not_know(tmp_path: Path):
    verdict = engine(tmp_path, HARMLESS, language="").screen("une pomme", CONTEXT)
    assert verdict.action is Action.HOLD


def test_the_model_contradicts_nothing_that_is_disguised(tmp_path: Path):
    verdict = engine(tmp_path, HARMLESS).screen("une p.o.m.m.e", CONTEXT)
    assert [one.view for one in verdict.findings] == [rulebook.SQUEEZED]
    assert verdict.action is Action.HOLD


def test_the_model_contradicts_nothing_that_takes_several_messages_to_read(tmp_path: Path):
    number = rule(pattern="@phone")
    said = Context(sender_role="fan", country="FR", recent=("appelle 06 39 98",))
    assert engine(tmp_path, HARMLESS, number).screen("60 12", said).action is Action.HOLD


def test_the_model_contradicts_no_rule_that_rests_on_a_number_or_an_address(tmp_path: Path):
    number = rule(pattern="@phone")
    text = "appelle 06 39 98 60 12"
    assert engine(tmp_path, HARMLESS, number).screen(text, CONTEXT).action is Action.HOLD


def test_a_second_opinion_does_not_wake_a_rule_that_was_contradicted(tmp_path: Path):
    judging = engine(tmp_path, HARMLESS)
    verdict = judging.settled(judging.screen("une pomme", CONTEXT), {"fraud.scam": 0.1}, CONTEXT)
    assert verdict.action is Action.PASS
    assert [one.rule for one in verdict.shadow] == [FRUIT]


def in_doubt(folder: Path, *rules: str, chance: float = 0.65, language: str = "fr") -> Engine:
    """With a doubt about scams, and a second opinion that contradicts rules below .5."""
    limits = "second_flag = 0.7\nsecond_hold = 0.8\nsecond_support = 0.5\n"
    book = book_of(
        folder,
        *(rules or (rule(),)),
        thresholds=THRESHOLDS.replace("[csae", limits + "[csae"),
        model=ChosenModel.TEXT,
    )
    return Engine(
        book, ChosenModel({"fraud.scam": chance, "csae.grooming": 0.2}, language=language)
    )


def test_a_second_opinion_contradicts_a_rule_of_words_alone(tmp_path: Path):
    judging = in_doubt(tmp_path)
    first = judging.screen("une pomme", CONTEXT)
    assert (first.action, set(first.uncertain)) == (Action.HOLD, {"fraud.scam", "csae.grooming"})
    harmless = dict.fromkeys(first.uncertain, 0.49)
    verdict = judging.settled(first, harmless, CONTEXT)
    assert (verdict.action, [one.rule for one in verdict.shadow]) == (Action.PASS, [FRUIT])
    agreed = judging.settled(first, harmless | {"csae.grooming": 0.5}, CONTEXT)
    assert ([one.rule for one in agreed.findings], agreed.shadow) == ([FRUIT], ())


@pytest.mark.parametrize("policy", ["ncii.sextortion", "csae.grooming"])
def test_a_second_opinion_may_contradict_a_grave_rule(tmp_path: Path, policy: str):
    limits = "review = 0.6\nflag = 0.7\nhold = 0.8\nsecond_support = 0.3\n"
    said = rule(policy=policy, action="hold")
    book = book_of(tmp_path, said, thresholds=f"[{policy}]\n{limits}", model=ChosenModel.TEXT)
    judging = Engine(book, ChosenModel({policy: 0.65}))
    first = judging.screen("une pomme", CONTEXT)
    assert (first.action, first.uncertain) == (Action.HOLD, (policy,))
    kept = judging.settled(first, {policy: 0.3}, CONTEXT)
    assert [one.rule for one in kept.findings] == [FRUIT]
    verdict = judging.settled(first, {policy: 0.29}, CONTEXT)
    assert (verdict.action, [one.rule for one in verdict.shadow]) == (Action.PASS, [FRUIT])


def test_nobody_who_answers_leaves_what_is_held_as_it_was(tmp_path: Path):
    judging = in_doubt(tmp_path, chance=0.8)
    first = judging.screen("une pomme", CONTEXT)
    verdict = judging.settled(first, None, CONTEXT)
    assert (verdict.action, verdict.findings, verdict.cause) == (Action.HOLD, first.findings, "")


def test_what_a_rule_holds_stays_held_while_nobody_answers(tmp_path: Path):
    judging = in_doubt(tmp_path)
    verdict = judging.settled(judging.screen("une pomme", CONTEXT), None, CONTEXT)
    assert (verdict.action, verdict.cause) == (Action.HOLD, screening.TECHNICAL)
    assert FRUIT in [one.rule for one in verdict.findings]


@pytest.mark.parametrize(
    ("said", "text", "options"),
    [
        (grave(), "une cerise", {}),
        (rule(more="firm = true"), "une pomme", {}),
        (rule(), "une p.o.m.m.e", {}),
        (rule(pattern="@phone"), "appelle 06 39 98 60 12", {}),
        (rule(), "une pomme", {"language": ""}),
    ],
)
def test_what_no_second_opinion_may_contradict_is_held_without_one(
    tmp_path: Path, said: str, text: str, options: dict[str, Any]
):
    verdict = in_doubt(tmp_path, said, **options).screen(text, CONTEXT)
    assert (verdict.action, verdict.uncertain) == (Action.HOLD, ())


def test_a_book_whose_second_opinion_contradicts_nothing_asks_nobody_about_a_hold(tmp_path: Path):
    verdict = engine(tmp_path, {"fraud.scam": 0.65, "csae.grooming": 0.1}).screen(
        "une pomme", CONTEXT
    )
    assert (verdict.action, verdict.uncertain) == (Action.HOLD, ())


def test_without_a_model_every_rule_has_effect(tmp_path: Path):
    book = book_of(tmp_path, rule(), thresholds=THRESHOLDS)
    assert Engine(book).screen("une pomme", CONTEXT).action is Action.HOLD


@pytest.mark.parametrize(
    "text",
    ["180!", "For 170", "pour 130", "170 euros", "£90?", "140€ ?", "35 each", "c'est 55 euros"],
)
def test_an_amount_alone_is_no_finding(text: str):
    assert screening.warm_up().screen(text, CONTEXT).findings == ()


@pytest.mark.parametrize(
    ("limit", "complaint"),
    [
        ("support = 0.71", "support lies between 0 and flag"),
        ("second_support = 0.71", "second_support lies between 0 and second_flag"),
    ],
)
def test_a_support_above_the_flag_does_not_load(tmp_path: Path, limit: str, complaint: str):
    wrong = THRESHOLDS.replace("support = 0.4", limit)
    with pytest.raises(PackError, match=complaint):
        book_of(tmp_path, rule(), thresholds=wrong)


def test_a_threat_on_a_line_of_a_long_message_is_caught_as_it_is_alone():
    shipped = screening.shipped()
    chat = ["Il fait beau ce matin sur le port", "on a mangé des glaces avec ma soeur"] * 3
    threat = "si tu paies pas j'envoie tes photos à ta femme"
    for lines in ([threat], [*chat, threat], [threat, *chat]):
        verdict = shipped.screen("\n".join(lines), CONTEXT)
        assert verdict.action is Action.HOLD
        assert max(verdict.scores.values()) > 0.7
    assert shipped.screen("\n".join(chat), CONTEXT).action is Action.PASS
