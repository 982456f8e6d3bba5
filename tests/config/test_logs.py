"""Which lines of the workers are written."""

from __future__ import annotations

import logging

import pytest

from config.logs import RoutineAsDebug


def record(level: int, **data: str) -> logging.LogRecord:
    made = logging.LogRecord("celery.app.trace", level, __file__, 1, "said", None, None)
    if data:
        made.data = data
    return made


@pytest.mark.parametrize(
    ("line", "written"),
    [
        (record(logging.INFO, name="audits.tasks.sweep"), False),
        (record(logging.INFO, name="audits.tasks.execute_run"), True),
        (record(logging.ERROR, name="audits.tasks.sweep"), True),
        (record(logging.INFO), True),
    ],
)
def test_only_upkeep_that_went_well_is_left_out(line: logging.LogRecord, written: bool) -> None:
    assert RoutineAsDebug(["audits.tasks.sweep"]).filter(line) is written


def test_upkeep_is_told_to_whoever_debugs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    line = record(logging.INFO, name="audits.tasks.sweep")

    written = RoutineAsDebug(["audits.tasks.sweep"]).filter(line)

    assert written
    assert line.levelname == "DEBUG"
