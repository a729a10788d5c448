"""How a line of the log looks, and what may stand in it: ids, codes and counts, nobody's words.

Our own code writes events with facts. Libraries do not know the rule, and the text of an exception
may quote a row, hence a message: of an exception only its class and the places it passed are kept,
and of a library's line only its first, without what it was given to print from an exception.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog
from structlog.contextvars import bind_contextvars, merge_contextvars
from structlog.types import EventDict, Processor

OURS = ("accounts", "bench", "chat", "paywall", "safety")
SOURCE = Path(__file__).resolve().parent.parent
FRAMES_MAX = 30
# What asyncio prints of a callback or a future, arguments and results included.
_REPR = re.compile(r"\s*[<(].*")
_FRAME = re.compile(r'^ *File "([\w./+-]+\.py)", line (\d+), in ([\w.<>]+)$', re.MULTILINE)


def formatter(style: str) -> logging.Formatter:
    """One JSON object a line (`json`), or the same for a person at a terminal (`console`)."""
    last: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if style == "console"
        else _as_json
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_with_extra, *_FACTS],
        processors=[
            _without_words,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            last,
        ],
        pass_foreign_args=True,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger of events with facts: `log.info("refused", message_id=...)`. Never a text."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def bind(**facts: object) -> None:
    """Put these ids on every line that the current task, and what it starts, will write."""
    bind_contextvars(**facts)


def _with_extra(logger: Any, method: str, line: EventDict) -> EventDict:
    """What our own code passed as `extra`; a library may pass a whole request."""
    record: logging.LogRecord = line["_record"]
    if not _is_ours(record.name):
        return line
    usual = logging.makeLogRecord({}).__dict__.keys() | {"message", "taskName"}
    return {**{k: v for k, v in record.__dict__.items() if k not in usual}, **line}


_FACTS: tuple[Processor, ...] = (
    merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)


def _without_words(logger: Any, method: str, line: EventDict) -> EventDict:
    """Whatever was logged, by whomever: no text of an exception, no argument of a callback."""
    arguments = line.pop("positional_args", ())
    record: logging.LogRecord = line["_record"]
    if not line["_from_structlog"] and not _is_ours(record.name):
        line = _of_a_library(record, arguments, line)
    if found := line.pop("exc_info", None):
        error = sys.exc_info()[1] if found is True else found[1] if _is_triple(found) else found
        if isinstance(error, BaseException):
            line["fault"], line["traceback"] = type(error).__name__, _places(error)
    line.pop("stack_info", None)
    return {k: type(v).__name__ if isinstance(v, BaseException) else v for k, v in line.items()}


def _of_a_library(record: logging.LogRecord, arguments: Any, line: EventDict) -> EventDict:
    text = str(record.msg)
    if arguments:
        safe = arguments if isinstance(arguments, Mapping) else tuple(map(_named, arguments))
        text = text % safe
    if frames := _FRAME.findall(text):
        line["traceback"] = [f"{_place(file)}:{number} {name}" for file, number, name in frames]
    first = text.split("\n", 1)[0]
    return {**line, "event": _REPR.sub("", first) if record.name == "asyncio" else first}


def _named(argument: object) -> object:
    return type(argument).__name__ if isinstance(argument, BaseException) else argument


def _is_triple(found: object) -> bool:
    return isinstance(found, tuple) and len(found) == 3


def _is_ours(name: str) -> bool:
    return name.split(".", 1)[0] in OURS


def _places(error: BaseException) -> list[str]:
    """Where it came from, `file:line function`, the last `FRAMES_MAX` of them."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    return [f"{_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _place(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(SOURCE) and "site-packages" not in path.parts:
        return str(path.relative_to(SOURCE))
    return file.rsplit("site-packages/", 1)[-1]


def _as_json(logger: Any, method: str, line: EventDict) -> str:
    return msgspec.json.encode(line, enc_hook=str).decode()


structlog.configure(
    wrapper_class=structlog.stdlib.BoundLogger,
    logger_factory=structlog.stdlib.LoggerFactory(),
    processors=[
        structlog.stdlib.filter_by_level,
        *_FACTS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    cache_logger_on_first_use=True,
)
