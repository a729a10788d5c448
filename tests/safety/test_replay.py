"""Recorded verdicts against another rule book: exact where features tell, plain elsewhere."""

import json
from dataclasses import replace as altered
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from chat.commands import Sent
from safety import commands
from safety.commands import rulebook as lifecycle
from safety.commands.shadow import Recorder
from safety.models import ShadowRun, VerdictRecord
from safety.queries.replay import HANDLING_MINUTES, Change, replay
from safety.rules.rulebook import RuleBook
from safety.rules.taxonomy import Action
from safety.screening import Context, Engine
from tests.chat.talk import Talk, decide
from tests.factories import START
from tests.safety.small_book import LISTED, WordModel, book, put_in_force, rule

pytestmark = pytest.mark.django_db
SUITE = rule("prost.suite", "suite")
HOTEL = rule("prost.hotel", "hotel", action="flag")
POLICIES = ("prost.solicit", "prosel.religious", "csae.grooming")
LIMITS = dict.fromkeys(POLICIES, (0.2, 0.4, 0.7))
SUPPORTED = dict.fromkeys(POLICIES, (0.2, 0.4, 0.7, 0.5, 0.7, 0.3, 0.45))
MODEL = WordModel(
    {
        "douteux": (0.45, 0.0, 0.0),
        "louche": (0.699, 0.0, 0.0),
        "clair": (0.7, 0.1, 0.3),
        "culte": (0.0, 0.9, 0.0),
        "grave": (0.0, 0.0, 0.95),
    },
    POLICIES,
)
WORDS = ("suite", "hotel", "bonjour", *MODEL.scores_of)
HERE = Context("fan", "FR", "fr")


def with_model(*rules: str, **given: object) -> RuleBook:
    chosen: dict[str, Any] = {"model": LISTED, "thresholds": LIMITS, **given}
    return book(*rules, **chosen)


def store(engine, text, *, context=HERE, now=START, second=None):
    """Screen a text and keep the record, as its sending would; answers with what was kept. Where
    it is in doubt, a `second` opinion gives each policy that chance."""
    subject, verdict = uuid7(), engine.screen(text, context)
    if second is not None and verdict.uncertain:
        verdict = engine.settled(verdict, dict.fromkeys(verdict.uncertain, second), context)
    content = commands.Screened(
        kind="message",
        subject_id=subject,
        message_id=subject,
        text=text,
        context=context,
        verdict=verdict,
    )
    commands.record([content], now=now)
    return content


def against(proposed, ran, **options):
    return replay(proposed, ran=ran, now=START, **options)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), max_size=8),
    language=st.sampled_from(["fr", ""]),
    shadowed=st.sets(st.sampled_from(["prost.suite", "model:prost.solicit"])),
    limits=st.sampled_from([LIMITS, SUPPORTED]),
    second=st.sampled_from([None, 0.1, 0.45, 0.6, 0.8]),
)
def test_a_book_replayed_against_itself_changes_nothing(texts, language, shadowed, limits, second):
    VerdictRecord.objects.all().delete()
    trial = rule("prost.trial", "bonjour", stage="shadow")
    same = with_model(SUITE, HOTEL, trial, thresholds=limits)
    engine = Engine(same, altered(MODEL, language=language)).with_shadowed(shadowed)
    for text in texts:
        store(engine, text, second=second)
    found = against(same, same, shadowed=shadowed)
    assert (found.holds, found.flags, found.touched) == (Change(0, 0), Change(0, 0), 0)
    assert (found.rules, found.limits, found.records) == ({}, [], len(texts))
    assert found.recorded == found.proposed


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), max_size=8),
    hold=st.sampled_from([0.45, 0.5, 0.7, 0.95]),
)
def test_other_actions_and_thresholds_are_replayed_as_the_engine_would_judge(texts, hold):
    VerdictRecord.objects.all().delete()
    ran = with_model(SUITE, HOTEL)
    limits = dict.fromkeys(POLICIES, (0.2, 0.4, hold))
    other = with_model(rule("prost.suite", "suite", action="flag"), thresholds=limits, version=2)
    before, after = Engine(ran, MODEL), Engine(other, MODEL)
    pairs = []
    for text in texts:
        content = store(before, text)
        pairs.append((content.verdict.action, after.screen(text, HERE).action))
    found = against(other, ran)
    for action, change in ((Action.HOLD, found.holds), (Action.FLAG, found.flags)):
        assert change.gained == sum(a is not action and b is action for a, b in pairs)
        assert change.lost == sum(a is action and b is not action for a, b in pairs)
    assert found.touched == sum(a is not b for a, b in pairs)


@pytest.mark.parametrize("chance", [0.1, 0.5, 0.65, 0.8])
def test_what_a_second_opinion_said_is_replayed_by_the_thresholds_for_it(chance):
    ran = with_model(SUITE, thresholds=dict.fromkeys(POLICIES, (0.2, 0.4, 0.7, 0.6, 0.7)))
    looser = dict.fromkeys(POLICIES, (0.2, 0.4, 0.7, 0.3, 0.6))
    other = with_model(SUITE, thresholds=looser, version=2)
    before, after = Engine(ran, MODEL), Engine(other, MODEL)
    content, said = store(before, "bonjour"), {"prost.solicit": chance}
    first = before.screen("douteux", HERE)
    verdict = before.settled(first, said, HERE)
    commands.record(
        [altered(content, subject_id=uuid7(), text="douteux", verdict=verdict)], now=START
    )
    alone = against(ran, ran)
    assert (alone.touched, alone.recorded) == (0, alone.proposed)
    found = against(other, ran)
    wanted = after.settled(after.screen("douteux", HERE), said, HERE).action
    assert found.proposed.holds == (wanted is Action.HOLD)
    assert found.proposed.flags == (wanted is Action.FLAG)


def test_a_rule_that_ran_in_shadow_is_counted_when_it_is_given_effect():
    ran = book(SUITE, rule("prost.hotel", "hotel", stage="shadow"))
    engine = Engine(ran)
    for text in ("hotel", "suite", "suite hotel", "bonjour"):
        store(engine, text)
    found = against(book(SUITE, rule("prost.hotel", "hotel"), version=2), ran)
    assert (found.holds, found.rules) == (Change(1, 0), {"prost.hotel": Change(2, 0)})
    assert found.limits == []


def test_a_removed_rule_takes_its_holds_with_it_and_says_so_by_rule():
    ran = book(SUITE, rule("prost.room", "room"))
    engine = Engine(ran)
    for text in ("suite", "room", "suite room"):
        store(engine, text)
    found = against(book(SUITE, version=2), ran)
    assert (found.holds, found.flags) == (Change(0, 1), Change(0, 0))
    assert found.rules == {"prost.room": Change(0, 2)}


def test_what_features_cannot_tell_is_said_rule_by_rule():
    ran = with_model(SUITE, HOTEL)
    store(Engine(ran, MODEL), "clair suite")
    proposed = with_model(
        rule("prost.suite", "chambre"),
        HOTEL,
        rule("prost.new", "jamais"),
        version=2,
        model=b"other",
        thresholds=dict.fromkeys(POLICIES, (0.01, 0.02, 0.9)),
    )
    found = against(proposed, ran)
    assert [limit.partition(":")[0] for limit in found.limits] == [
        "prost.suite",
        "prost.new",
        "The model is another",
        "Scores under 0.05 were not kept",
    ]
    assert (found.holds, found.flags) == (Change(0, 0), Change(0, 0))


def test_a_reworded_reason_is_replayed_as_the_same_rule():
    ran = book(SUITE)
    reworded = book(SUITE.replace("essai", "autre raison"), version=2)
    assert against(reworded, ran).limits == []


def test_a_detector_without_a_lawful_basis_loses_its_holds_there_and_nowhere_else():
    ran = with_model(SUITE)
    engine = Engine(ran, MODEL)
    for country in ("FR", "DE"):
        for text in ("suite", "clair"):
            store(engine, text, context=Context("fan", country, "fr"))
    no_rules = '[[basis]]\ndetector = "rules.*"\ncountry = "DE"\nchannel = "*"\nbasis = "none"\n'
    gone = with_model(SUITE, basis=no_rules + 'note = "test"\n', version=2)
    assert against(gone, ran).holds == Change(0, 1)
    back = against(with_model(SUITE), gone)
    assert back.holds == Change(0, 0)


def test_holds_for_a_technical_cause_stay_on_both_sides():
    ran = book(SUITE)
    late = altered(Engine(ran).screen("suite", HERE), cause="technical", action=Action.HOLD)
    content = altered(store(Engine(ran), "bonjour"), subject_id=uuid7(), verdict=late)
    commands.record([content], now=START)
    found = against(book(HOTEL, version=2), ran)
    assert (found.technical, found.holds, found.records) == (1, Change(0, 0), 2)
    assert (found.recorded.holds, found.proposed.holds) == (1, 1)


def test_each_language_has_its_own_difference():
    ran = with_model(SUITE)
    for language, texts in {"fr": ["suite", "clair"], "en": ["suite"], "": ["suite"]}.items():
        for text in texts:
            store(Engine(ran, altered(MODEL, language=language)), text)
    found = against(with_model(HOTEL, version=2), ran)
    lost = {language: changes["holds"].lost for language, changes in found.languages.items()}
    assert lost == {"": 1, "en": 1, "fr": 1}


def test_agreement_counts_what_humans_decided_on_both_sides(monkeypatch):
    ran = book(SUITE, HOTEL)
    engine = put_in_force(monkeypatch, Engine(ran))
    talk = Talk()
    for text, outcome in (("suite", "withhold"), ("suite", "release"), ("hotel", "release")):
        said = engine.screen(text, HERE)
        sent = talk.send(altered(talk.draft(talk.fan, text), verdict=said))
        assert isinstance(sent, Sent)
        decide(sent.message, outcome, now=talk.pass_time(minutes=1))
    found = against(book(rule("prost.hotel", "hotel"), version=2), ran)
    now, then = found.recorded.agreement, found.proposed.agreement
    assert (now.precision, now.recall) == (pytest.approx(1 / 3), 1.0)
    assert (then.precision, then.recall) == (0.0, 0.0)
    assert (then.caught_withheld, then.caught_released, then.missed_withheld) == (0, 1, 1)
    assert (found.touched, found.paid_touched) == (3, 3)


def test_nothing_decided_has_no_precision():
    ran = book(SUITE)
    store(Engine(ran), "suite")
    agreement = against(ran, ran).recorded.agreement
    assert (agreement.precision, agreement.recall) == (None, None)


def test_a_free_message_is_touched_and_not_paid(monkeypatch):
    ran = book(SUITE)
    put_in_force(monkeypatch, Engine(ran))
    talk = Talk()
    talk.ask()
    said = Engine(ran).screen("suite", HERE)
    talk.send(altered(talk.draft(talk.creator, "suite"), verdict=said))
    found = against(book(HOTEL, version=2), ran)
    assert (found.touched, found.paid_touched) == (1, 0)


def test_a_case_of_severity_4_takes_two_people_s_time():
    ran = with_model(SUITE)
    engine = Engine(ran, MODEL)
    for _ in range(20):
        store(engine, "suite")
    assert against(ran, ran).recorded.desk_hours == 20 * HANDLING_MINUTES / 60
    for _ in range(20):
        store(engine, "grave")
    assert against(ran, ran).recorded.desk_hours == 60 * HANDLING_MINUTES / 60


def test_since_and_limit_choose_the_records():
    ran = book(SUITE)
    for day in range(4):
        store(Engine(ran), "suite", now=START + timedelta(days=day))
    assert against(ran, ran).records == 4
    assert against(ran, ran, since=START + timedelta(days=2)).records == 2
    assert against(ran, ran, limit=3).records == 3


def test_what_the_version_said_itself_in_shadow_is_exact(monkeypatch):
    ran, tried = book(SUITE), book(SUITE, rule("prost.new", "chambre"), version=2)
    put_in_force(monkeypatch, Engine(ran), Engine(tried))
    recorder = Recorder(background=False)
    recorder.offer([store(Engine(ran), "une chambre"), store(Engine(ran), "bonjour")])
    store(Engine(ran), "encore une chambre")  # before the trial reached it
    recorder.drain()
    found = against(tried, ran)
    assert (found.from_shadow, found.holds) == (2, Change(1, 0))
    assert found.rules == {"prost.new": Change(1, 0)}
    assert found.limits == ["prost.new: it is new; counted where it ran in shadow."]
    assert ShadowRun.objects.get().messages == 2


# -- The command --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """A whole book in a folder, with one rule that holds."""
    for name, data in book(SUITE, version=7).files.items():
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True, parents=True)
        target.write_bytes(data)
    return tmp_path


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("replay", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_answers_for_programs(folder):
    store(Engine(book(SUITE, HOTEL)), "suite hotel")
    store(Engine(book(SUITE, HOTEL)), "hotel")
    answer = json.loads(said("--against", str(folder), "--json"))
    assert (answer["records"], answer["holds"]) == (2, {"gained": 0, "lost": 0})
    assert answer["flags"] == {"gained": 0, "lost": 1}
    assert answer["recorded"]["agreement"]["precision"] is None
    assert answer["shadow"] == {"messages": 0, "since": None, "dropped": 0}
    assert answer["version"].startswith("7-")


def test_the_command_answers_for_people(folder):
    store(Engine(book(SUITE, HOTEL)), "hotel")
    lines = said("--against", str(folder), "--since", "36500d", "--limit", "5")
    assert "over 1 records" in lines
    assert "flags  +0 -1" in lines


def test_a_stored_version_is_tried_by_its_name_against_the_one_in_force():
    active = book(SUITE, HOTEL, version=3)
    lifecycle.adopt_shipped(book=active, now=START)
    store(Engine(active), "hotel")
    lines = said("--against", active.version)
    assert f"Rule book {active.version} over 1 records" in lines
    assert "flags  +0 -0" in lines
    assert "not replayable" not in lines


@pytest.mark.parametrize("wrong", ["9-nothing", "/nowhere/at/all"])
def test_an_unknown_version_is_said_in_one_sentence(wrong):
    with pytest.raises(CommandError, match="There is no rule book version"):
        said("--against", wrong)


def test_a_folder_that_does_not_load_is_said_in_one_sentence(folder):
    (folder / "packs" / "prost.any.toml").write_text("version = ")
    with pytest.raises(CommandError, match=r"prost\.any"):
        said("--against", str(folder))


@pytest.mark.parametrize("wrong", [("--since", "yesterday"), ("--limit", "0"), ("--since", "xd")])
def test_a_wrong_option_is_refused(folder, wrong):
    with pytest.raises(CommandError):
        said("--against", str(folder), *wrong)
