"""Log lines as JSON, one event a line, without secrets."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, MutableMapping
from functools import cached_property
from typing import Any

TOKEN = re.compile(r"asy_[A-Za-z0-9_-]+")
# What a line about a request says beside its text. Other extras are not ours, and may hold anything.
REQUEST_FACTS = ("method", "path", "status", "ms", "user", "request_id")


def without_tokens(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blot out whatever looks like one of our tokens."""
    for name, value in event.items():
        if isinstance(value, str) and "asy_" in value:
            event[name] = TOKEN.sub("[token]", value)
    return event


class JsonLines(logging.Formatter):
    """One JSON object a line. structlog is loaded with the first line, which most commands never write."""

    @cached_property
    def _inner(self) -> logging.Formatter:
        import structlog

        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(allow=REQUEST_FACTS),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                without_tokens,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )

    def format(self, record: logging.LogRecord) -> str:
        return self._inner.format(record)


class RoutineAsDebug(logging.Filter):
    """Let through what Celery says of the named tasks only where somebody debugs: they come every other second.

    What fails is no routine: it is logged above INFO.
    """

    def __init__(self, tasks: Collection[str]) -> None:
        super().__init__()
        self.tasks = frozenset(tasks)

    def filter(self, record: logging.LogRecord) -> bool:
        data = getattr(record, "data", None)
        if record.levelno > logging.INFO or not isinstance(data, dict) or data.get("name") not in self.tasks:
            return True
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger().isEnabledFor(logging.DEBUG)
