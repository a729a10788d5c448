"""`aparte worker` in a bench's world: the clock of several servers."""

from django.core.management import call_command


def main() -> None:
    """Say `ready`, as a server does, and run until told to stop."""
    print("ready", flush=True)
    call_command("worker")
