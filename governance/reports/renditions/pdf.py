"""The PDF of a report, printed from the same HTML by a process of its own with a limit of memory and of time."""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from governance.reports.renditions import html, selection
from governance.reports.renditions.source import Source

logger = logging.getLogger(__name__)
MODULE = "governance.reports.renditions.printing"
MEMORY_BYTES = 800 * 1024 * 1024
TIME_LIMIT_S = 240
# Names of packages and paths that the process needs; nothing else of our environment reaches it.
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "HOME", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "TMPDIR")
RETRIES = 3


class PrintingFailed(Exception):
    """There is no PDF; ``code`` says why, the message how to mend it. The HTML form is there all the same."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.more = code, message, more


@dataclass(frozen=True)
class Printed:
    """What was printed: how many pages, and how many versions in full of how many that had a reason."""

    pages: int
    in_full: int
    left_out: int


def write(source: Source, out: IO[bytes], *, language: str, most_pages: int = selection.MOST_PAGES) -> Printed:
    """Print the report.

    Where it would be longer than ``most_pages``, less of it is printed in full, and the print says so.

    Raises:
        PrintingFailed: the printer or a library of the system is missing, or memory or time did not suffice.
    """
    budget = selection.Budget()
    for attempt in range(RETRIES + 1):
        chosen = selection.select(source.document, budget=budget)
        try:
            pages = _print(source, out, language=language, chosen=chosen, most_pages=most_pages)
        except PrintingFailed as failed:
            if failed.code != "too_many_pages" or attempt == RETRIES:
                raise
            budget = budget.scaled(0.85 * most_pages / failed.more["pages"])
        else:
            return Printed(pages, len(chosen.versions), sum(chosen.left_out.values()))
    raise AssertionError("unreachable")


def _print(source: Source, out: IO[bytes], *, language: str, chosen: selection.Selection, most_pages: int) -> int:
    with tempfile.TemporaryDirectory(prefix="assay-print-") as folder:
        page, printed = Path(folder, "page.html"), Path(folder, "print.pdf")
        with page.open("w", encoding="utf-8") as file:
            file.writelines(html.brief(source, language=language, chosen=chosen))
        told = printed_by_process(page, printed, most_pages=most_pages)
        with printed.open("rb") as made:
            while chunk := made.read(1 << 20):
                out.write(chunk)
    return int(told["pages"])


def printed_by_process(page: Path, printed: Path, *, most_pages: int) -> dict[str, Any]:
    """Print a page of ours to a file.

    Raises:
        PrintingFailed: as ``write`` says.
    """
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    try:
        ended = subprocess.run(  # noqa: S603 - our own module; the arguments are paths of ours and a number
            [sys.executable, "-m", MODULE, str(page), str(printed), str(most_pages)],
            cwd=settings.BASE_DIR,
            env={**kept, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
            preexec_fn=_limit,
        )
    except subprocess.TimeoutExpired as late:
        raise PrintingFailed("timed_out", f"printing took longer than {TIME_LIMIT_S} s and was stopped") from late
    told = _last_line(ended.stdout)
    if ended.returncode == 0 and told is not None:
        return told
    if told is not None and "code" in told:
        raise PrintingFailed(told.pop("code"), told.pop("message"), **told)
    if ended.returncode < 0 or "MemoryError" in ended.stderr:
        raise PrintingFailed("out_of_memory", "printing needs more memory than it is allowed, and was stopped")
    logger.error("printing ended with %s: %s", ended.returncode, ended.stderr[-4000:])
    raise PrintingFailed(
        "printing_failed", f"the printing process ended with {ended.returncode}; the log has its words"
    )


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _last_line(said: str) -> dict[str, Any] | None:
    lines = said.strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
