"""Every sub of `aparte bench` by its name: options in, what was found out."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from bench import campaign, chaos, history, hotpath, idle, latency, peers, replay, screening, soak
from bench.options import Options, Say
from bench.report import Goal


class Found(Protocol):
    """What any of them comes back with: `bench.report.Report`, or one that reads like it."""

    @property
    def broken(self) -> Sequence[str]: ...
    def missed(self, gate: str) -> list[Goal]: ...
    def as_json(self) -> dict[str, Any]: ...
    def lines(self) -> Iterator[str]: ...


def _screening(options: Options, say: Say) -> Found:
    return screening.run(quick=options.quick, say=say)


SUBS: dict[str, Callable[[Options, Say], Found]] = {
    "hotpath": hotpath.run,
    "latency": latency.run,
    "idle": idle.run,
    "history": history.run,
    "campaign": campaign.run,
    "screening": _screening,
    "peers": peers.run,
    "replay": replay.run,
    "chaos": chaos.run,
    "soak": soak.run,
}
