"""Runs manage.py as on a machine where the text model is missing (`tests.running_server`)."""

from pathlib import Path

from safety.rules import classifier

if __name__ == "__main__":
    import manage

    load = classifier.Classifier.load.__func__  # type: ignore[attr-defined]
    load.__defaults__ = (Path("no such folder"),)
    manage.main()
