"""CPU is charged to the process that used it, and no gate is passed by absence."""

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.cost import RELAY_REDIS, Cost, added, cost, latency
from bench.load import ProductLoad, Spent, Window
from bench.processes import Server
from bench.report import BALANCES, Report
from bench.soak import growth
from bench.texts import SUSPECT, Texts
from bench.world import require_own_world
from safety.screening import Action, Context, screen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="CPU accounting reads /proc")

OURS = "ours"


def window(messages: int = 1_000, server: float = 0.2, **changes: Any) -> Window:
    base = Window(messages, 800, 0, 1.0, Spent(server, 0.05, 0.01, 500_000.0), 0.2)
    return base._replace(**changes)


def product(relay: Cost | None, *windows: Window) -> Cost:
    return cost(OURS, windows, relay=relay, stores=True, has_redis=relay is not None)


def relay(server: float) -> Cost:
    found = [window(spent=Spent(server))]
    return cost(RELAY_REDIS, found, relay=None, stores=False, has_redis=False)


def report(*costs: Cost, ok: bool = True) -> Report:
    check = {"name": "rule", "ok": ok, "detail": "" if ok else "offender"}
    goals = [goal for one in costs if one.case == OURS for goal in one.goals()]
    return Report("hotpath", {}, goals=goals, checks={OURS: [check]})


def test_a_row_charges_server_and_database_to_a_delivered_message_and_redis_apart():
    row = product(relay(0.5), window())
    assert (row.server_us, row.database_us, row.redis_us) == pytest.approx((200, 50, 10))
    assert row.total_us == pytest.approx(250)
    assert row.ratio == pytest.approx(0.5)
    assert row.wal_bytes == pytest.approx(500)


def test_what_answers_cost_is_charged_to_the_paid_messages_too():
    assert product(None, window()).paid_us == pytest.approx(250 * 1_000 / 800)


def test_a_row_is_the_median_of_its_repeats_and_says_how_far_they_lie_apart():
    row = product(None, window(server=0.1), window(server=0.2), window(server=0.9))
    assert (row.total_us, row.min, row.max) == pytest.approx((250, 150, 950))


def test_percentiles_are_of_the_rising_latencies():
    found = latency([n / 1000 for n in range(1, 1001)])
    assert found == pytest.approx({"p50_ms": 501, "p99_ms": 991, "p999_ms": 1000, "max_ms": 1000})
    assert set(latency([]).values()) == {None}


def test_a_gate_opens_when_the_ratio_is_met_and_stays_closed_when_it_is_not():
    slow, fast = relay(0.5), relay(0.1)
    assert report(product(slow, window())).missed("ratio") == []
    assert report(product(fast, window())).missed("ratio") != []


def test_the_gate_of_all_goals_closes_for_one_that_is_no_ratio():
    dear = product(relay(5.0), window(server=2.0))
    assert report(dear).missed("ratio") == []
    assert [goal.name for goal in report(dear).missed("all")] == [f"{OURS}: CPU µs a message"]


def test_without_a_relay_the_ratio_is_no_pass():
    (goal,) = report(product(None, window())).missed("ratio")
    assert (goal.value, goal.status) == (None, "n/a")


def test_a_row_whose_generator_was_too_busy_passes_no_gate():
    row = product(relay(0.5), window(generator_share=0.9))
    assert row.void
    assert "void" in row.row()["status"]
    assert report(row).missed("ratio") != []


def test_latency_is_added_only_where_both_were_measured():
    assert added(3.0, 1.0) == 2.0
    assert added(3.0, None) is added(None, 1.0) is None


def test_a_broken_rule_is_reported_with_its_case():
    assert report(ok=False).broken == ["ours: rule: offender"]
    assert report().broken == []


def test_the_json_of_a_run_says_what_all_balances_sum_to():
    found = report()
    found.checks[OURS].append({"name": BALANCES, "ok": False, "detail": "-50"})
    assert found.as_json()["ledger"]["sum_cents"] == -50
    found.checks[OURS][-1] = {"name": BALANCES, "ok": True, "detail": ""}
    assert found.as_json()["ledger"]["sum_cents"] == 0
    assert report().as_json()["ledger"]["sum_cents"] is None


def test_a_profile_is_told_where_one_was_taken():
    found = report()
    found.counters[OURS] = {"profile": {"own": {"chat/consumers.py:f": 12.0}}}
    lines = list(found.lines())
    assert "ours: CPU ms by own" in "\n".join(lines)
    assert any(line.split() == ["12", "chat/consumers.py:f"] for line in lines)


def test_memory_that_grows_only_while_it_warms_up_is_flat():
    assert growth([50, 80, *[100] * 8]) == pytest.approx(0)
    assert growth([100] * 10 + [100 + n for n in range(20)]) == pytest.approx(0.15, abs=0.02)


async def test_with_two_servers_half_the_pairs_sit_across():
    class Somebody:
        def __init__(self) -> None:
            self.fan, self.creator = self.sitting("fan"), self.sitting("creator")
            self.seats = (self.fan, self.creator)
            self.ports: dict[str, int] = {}

        def sitting(self, name: str) -> Any:
            async def connect(port: int) -> None:
                self.ports[name] = port

            return SimpleNamespace(connect=connect)

    people: list[Any] = [Somebody() for _ in range(8)]
    await ProductLoad(people).connect([1, 2])
    seats = [(one.ports["fan"], one.ports["creator"]) for one in people]
    assert sorted(seats) == sorted([(1, 1), (2, 2), (1, 2), (2, 1)] * 2)


def test_a_server_is_charged_for_what_its_children_use(tmp_path: Path):
    """One that spins in a child, for as long as this process spins itself."""
    (tmp_path / "spinner.py").write_text(
        "import os, time\n"
        "print('ready', flush=True)\n"
        "if not os.fork():\n"
        "    while time.process_time() < 0.3: pass\n"
        "    time.sleep(60)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "log"
    server = Server("spinner", env={"PYTHONPATH": str(tmp_path)}, log=log)
    server.start(core=None)
    deadline = time.monotonic() + 20
    while server.cpu_seconds() < 0.29 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.cpu_seconds() >= 0.29
    server.kill9()
    assert server.cpu_seconds() == 0


def test_a_server_that_does_not_start_says_why(tmp_path: Path):
    server = Server("no_such_module", env={}, log=tmp_path / "log")
    with pytest.raises(RuntimeError, match="no_such_module"):
        server.start(core=None)


@pytest.mark.parametrize(
    ("home", "database"),
    [(".aparte", "aparte_bench_1"), ("aparte-bench-x", "aparte"), (".aparte", "/srv/a.sqlite3")],
)
def test_no_world_but_its_own_is_written_to(home: str, database: str):
    with pytest.raises(RuntimeError, match="its own"):
        require_own_world(home=Path(home), database=database)


def test_its_own_world_is_recognised():
    require_own_world(home=Path("aparte-bench-x"), database="aparte_bench_1")
    require_own_world(home=Path("aparte-bench-x"), database="aparte-bench-x/aparte.sqlite3")


def test_the_texts_vary_pass_unhindered_and_now_and_then_do_not():
    texts = Texts(7)
    drawn = [texts.next() for _ in range(600)]
    harmless = [text for text in drawn if text not in SUSPECT]
    assert len(set(harmless)) > 0.9 * len(harmless)
    assert 0 < len(drawn) - len(harmless) < 30
    context = Context(sender_role="fan", country="FR", language="fr")
    assert {screen(text, context).action for text in harmless[:100]} == {Action.PASS}
    assert {screen(text, context).action for text in SUSPECT} == {Action.FLAG, Action.HOLD}
