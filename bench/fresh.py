"""A fresh process that screens: its cold start and its memory, as JSON on standard output.

`python -m bench.fresh idle|rules|model|screen`: a server with nothing loaded, with the rules, with
the model as well; and rules and model without the apps, as `aparte screen` runs.
"""

import json
import sys
from time import process_time, thread_time

import django

TEXTS = 300  # screened before memory is read, so that what is compiled on demand is there


def main(kind: str) -> None:
    """Load what `kind` names, screen a few texts, and print what it cost."""
    interpreter = process_time()
    if kind != "screen":
        django.setup()
    else:
        import safety.management.commands.screen  # noqa: F401  as the command does
    ready = process_time()
    if kind != "idle":
        from safety.screening import Context, warm_up

        engine = warm_up(rules_only=kind == "rules")
        loaded, before = process_time(), thread_time()
        from bench.texts import Texts

        texts = Texts(4)
        for _ in range(TEXTS):
            engine.screen(texts.next(), Context("fan", "FR"))
        spent = thread_time() - before
    else:
        loaded, spent = ready, 0.0
    cost = {"django_s": ready - interpreter, "engine_s": loaded - ready, "texts_s": spent}
    print(json.dumps(cost | _memory()))


def _memory() -> dict[str, float]:
    """PSS and RSS of this process in MB."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        rows = dict(line.split(":", 1) for line in file if ":" in line and line[0].isupper())
    return {f"{name.lower()}_mb": int(rows[name].split()[0]) / 1024 for name in ("Pss", "Rss")}


if __name__ == "__main__":
    main(sys.argv[1])
