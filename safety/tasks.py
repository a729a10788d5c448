"""What safety does when a moment has passed: tell about lapsed leases, call for help when late.

The end of a hold is not here: the app that owns the subject runs it, with its money.
"""

from accounts.clock import Task
from safety.commands import (
    announce_lapsed,
    beat,
    count_degraded,
    escalate_breached,
    purge,
    watch_rules,
)

TASKS = (
    Task("safety.beat", beat, every_seconds=5),
    Task("safety.count_degraded", count_degraded, every_seconds=30),
    Task("safety.announce_lapsed_leases", announce_lapsed, every_seconds=5),
    Task("safety.escalate_breached_cases", escalate_breached, every_seconds=30),
    Task("safety.watch_rules", watch_rules, every_seconds=2),
    Task("safety.purge_verdict_records", purge, every_seconds=60),
)
