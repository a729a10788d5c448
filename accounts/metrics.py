"""Every figure this product gives to Prometheus, and the door it gives them through.

Each stage of a message's way (screen, queue, commit, fan-out) has the four golden signals: latency,
traffic, errors, saturation. What can be is counted once a batch; what is a state (sockets, queue)
is read when somebody looks (`set_function`). No label names a person, a conversation or a text.

Each process has a port of its own, the first free one of `PORTS` from `settings.METRICS_PORT` on:
docs/decisions/0008-metrics-of-each-process.md.
"""

import logging

from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from accounts.db import DB_POOL

logger = logging.getLogger(__name__)

PORTS = 16  # processes of one machine, and those that replace them meanwhile
FAST = (0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2)
SLOW = (0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)

# -- Screen -------------------------------------------------------------------------------------
SCREEN_SECONDS = Histogram(
    "aparte_screen_seconds", "Time to judge one text, in seconds.", buckets=FAST
)
SCREENED = Counter(
    "aparte_screened",
    "Texts judged, by verdict and cause.",
    ["action", "cause"],
)
OPINIONS_WAITING = Gauge(
    "aparte_opinions_waiting", "Drafts that wait for a second opinion, or behind one that does."
)
OPINION_BREAKER_OPEN = Gauge(
    "aparte_second_opinion_breaker_open",
    "1 while the second stage does not answer and is not asked.",
)

# -- Queue --------------------------------------------------------------------------------------
QUEUE_DEPTH = Gauge("aparte_queue_depth", "Drafts that wait for the writer.")
QUEUE_WAIT_SECONDS = Histogram(
    "aparte_queue_wait_seconds", "How long the oldest draft of a batch waited.", buckets=SLOW
)
QUEUE_BUSY = Counter("aparte_queue_busy", "Drafts refused at once: the queue was full.")

# -- Commit -------------------------------------------------------------------------------------
COMMIT_SECONDS = Histogram(
    "aparte_commit_seconds", "From the start of a batch to its outcomes, retries included.",
    buckets=SLOW,
)  # fmt: skip
COMMIT_DRAFTS = Histogram("aparte_commit_drafts", "Drafts in a batch.", buckets=SIZES)
COMMIT_RETRIES = Counter("aparte_commit_retries", "Batches tried again: the database undid them.")
COMMIT_FAILURES = Counter("aparte_commit_failures", "Batches undone by an error.")
SENDS = Counter("aparte_sends", "Outcomes of sends: state, replayed, or refusal.", ["outcome"])

# -- Fan-out ------------------------------------------------------------------------------------
FANOUT_SECONDS = Histogram(
    "aparte_fanout_seconds", "From a commit to its events being on their way.", buckets=SLOW
)
FANOUT_PARCELS = Counter("aparte_fanout_parcels", "Events published.")
FANOUT_FRAMES = Counter("aparte_fanout_frames", "Events handed to sockets of this process.")
FANOUT_BYTES = Counter("aparte_fanout_bytes", "Bytes of these events, as MessagePack.")
SOCKETS = Gauge("aparte_sockets", "Open sockets of signed-in accounts.")
SOCKETS_CUT = Counter("aparte_sockets_cut", "Sockets cut: their client did not read.")
BUS_CONNECTED = Gauge(
    "aparte_bus_connected", "1 while this process hears the others, or there are none."
)
BUS_RECONNECTS = Counter("aparte_bus_reconnects", "Times the bus was lost and joined again.")
BUS_LOST = Counter("aparte_bus_lost", "Events that did not reach the other processes.")

# -- Around it ----------------------------------------------------------------------------------
TASK_LAST_RUN = Gauge(
    "aparte_task_last_run_timestamp_seconds", "When a task of the clock last ended well.", ["task"]
)
TASK_FAILURES = Counter("aparte_task_failures", "Runs of a task that failed.", ["task"])
LIMITS_ALONE = Counter(
    "aparte_limits_alone",
    "Questions about tries to sign in that this process answered alone: Redis was away.",
)
REPLICA_READS = Counter(
    "aparte_replica_reads",
    "Reads that may go to the replica: where to (replica), or why to the primary.",
    ["outcome"],
)
DB_WAITING = Gauge("aparte_database_waiting", "Calls that wait for a database thread.")
PROCESS = Gauge("aparte_process", "1, with what this process is.", ["role", "version"])

BUS_CONNECTED.set(1)  # a bus between processes says otherwise
DB_WAITING.set_function(DB_POOL._work_queue.qsize)


def serve(*, role: str) -> int:
    """Answer GET /metrics on a port of its own, from a thread; the port, 0 when it is switched off.

    Never raises: a server without metrics still serves, and says so in the log.
    """
    if not settings.METRICS_PORT:
        return 0
    PROCESS.labels(role, settings.VERSION).set(1)
    for port in range(settings.METRICS_PORT, settings.METRICS_PORT + PORTS):
        try:
            start_http_server(port, settings.METRICS_HOST)
        except OSError:  # another process of ours, or of somebody else, has it
            continue
        return port
    logger.error("metrics: no free port from %d on", settings.METRICS_PORT)
    return 0
