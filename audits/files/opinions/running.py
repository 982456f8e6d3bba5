"""A scanner in the sandbox, asked of files one after another, and started again where a file has ended it."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from audits.files.notes import clean
from audits.files.opinions.environments import Installed, ScannerMissing, installed
from audits.files.opinions.guest import MOST_ALARMS
from audits.sandbox.cell import Cell
from audits.sandbox.levels import Level
from audits.sandbox.limits import MB, Limits
from audits.sandbox.probing import probe
from audits.sandbox.refusals import NotIsolated, Refused, Stopped

Files = Sequence[tuple[str, Path]]
Tick = Callable[[], None]

GUEST = Path(__file__).with_name("guest.py")
LIMITS = Limits(
    memory_bytes=2048 * MB, seconds=1_200, answer_seconds=120, answer_bytes=MB, talk_bytes=MB, threads=16, cores=1
)
# The files of one start are named one by one to its walls; the kernel takes 128 KB of them.
MOST_AT_ONCE, MOST_NAMED = 100, 48 << 10
# A file that ends a scanner costs up to its whole time: with these many the others are given up.
MOST_DEATHS = 5
# Alarms in one file; more is no count, and a document holds no number of any length.
MOST_COUNTED = 1_000_000_000
ENDING = re.compile(r"\.[a-z0-9]{1,12}")


@dataclass(frozen=True)
class Opinion:
    """What a scanner says of one file.

    Attributes:
        alarms: in its own words, the first ``MOST_ALARMS`` of ``count``.
        failed: it could not read the file to its end, or was ended over it; ``why`` says how.
        passed_over: it took the file for none of its business, so that it has said nothing of it.
    """

    alarms: tuple[str, ...] = ()
    failed: bool = False
    passed_over: bool = False
    why: str = ""
    count: int = 0


def inquire(name: str, folder: str, files: Files, tick: Tick) -> tuple[str, list[Opinion]]:
    """Ask a scanner of files.

    A scanner is the operator's program and no stranger's model, so the first level of the sandbox is enough for it.
    It sees a file under a name of ours with the file's own ending: scanners go by endings, and a name is a stranger's.

    Args:
        folder: of its environment, see ``environments.python_of``.
        files: each a path as people know it, and where it lies.
        tick: called several times a second; what it raises ends the scanner.

    Returns:
        The scanner's version, and an opinion of each file.

    Raises:
        ScannerMissing: it cannot be asked of any file.
    """
    scanner = installed(name, folder)
    until = time.monotonic() + LIMITS.seconds
    opinions: list[Opinion] = []
    deaths = 0
    while len(opinions) < len(files):
        why = "given_up" if deaths >= MOST_DEATHS else "out_of_time" if time.monotonic() > until else ""
        try:
            if not why:
                opinions.extend(_of_one_start(scanner, files[len(opinions) :], tick, until))
        except Stopped as stopped:  # over the file whose opinion is missing; those before it are kept
            deaths += 1
            opinions.append(Opinion(failed=True, why=stopped.code))
        except ScannerMissing as missing:
            if not opinions:
                raise
            why = missing.code
        if why:
            opinions += [Opinion(failed=True, why=why)] * (len(files) - len(opinions))
    return scanner.version, opinions


def _of_one_start(scanner: Installed, files: Files, tick: Tick, until: float) -> Iterator[Opinion]:
    """Opinions of as many of the first files as one start takes."""
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="assay-opinion-")))
        shown = [_shown_to_it(folder, at, *file) for at, file in enumerate(_first(files))]
        there = [path.resolve() for path in shown if path is not None]
        cell = Cell(
            GUEST,
            isolation=probe(),
            readable=[folder, *there],
            limits=LIMITS,
            lowest=Level.L1,
            tick=tick,
            runtime=scanner.runtime,
        )
        try:
            held.enter_context(cell)
            cell.ask({"scanner": scanner.name})
        except NotIsolated as missing:
            raise ScannerMissing(missing.code, str(missing)) from missing
        except (Stopped, Refused) as failed:
            raise ScannerMissing("scanner_broken", f"{scanner.name} does not start: {failed}") from failed
        for path in shown:
            if path is None:
                yield Opinion(failed=True, why="unreadable")
            elif time.monotonic() > until:
                return
            else:
                yield _opinion(cell.ask({"path": str(path)})[0])


def _first(files: Files) -> Files:
    """As many of the first files as may be named at once, one at the least."""
    named = 0
    for count, (_shown, path) in enumerate(files[:MOST_AT_ONCE]):
        named += len(json.dumps(str(path.resolve())))
        if count and named > MOST_NAMED:
            return files[:count]
    return files[:MOST_AT_ONCE]


def _shown_to_it(folder: Path, at: int, shown: str, path: Path) -> Path | None:
    """A link to a file, under a name of ours; None where there is no file any more."""
    if not path.is_file():
        return None
    ending = PurePosixPath(shown).suffix.lower()
    link = folder / f"{at}{ending if ENDING.fullmatch(ending) else ''}"
    link.symlink_to(path.resolve())
    return link


def _opinion(said: Mapping[str, Any]) -> Opinion:
    """An answer as it may be kept; what is none counts as a failure."""
    alarms, count = said.get("alarms"), said.get("count", 0)
    fits = isinstance(alarms, list) and all(isinstance(one, str) for one in alarms)
    fits = fits and type(count) is int and count <= MOST_COUNTED
    if not fits or not isinstance(alarms, list) or len(alarms) > MOST_ALARMS:
        return Opinion(failed=True, why="bad_answer")
    return Opinion(
        alarms=tuple(clean(one) for one in alarms),
        failed=said.get("failed") is not False,
        passed_over=said.get("passed_over") is True and not alarms,
        why=clean(str(said.get("why", "")), 60),
        count=max(count, len(alarms)),
    )
