"""The program that asks a scanner of one file after another; it runs in the sandbox, with the scanner's own Python.

What the scanner says of a file is ``alarms`` in its own words, ``failed`` where it could not read the file to its end,
and ``passed_over`` where it took the file for none of its business and said nothing of it.
"""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from audits.sandbox.inside.wire import Channel

MOST_ALARMS = 200


def serve(channel: Channel) -> None:
    """Load the scanner that the first question names, then answer of file after file."""
    logging.disable(logging.CRITICAL)  # each alarm would be a line
    first = channel.receive()
    if first is None:
        return
    ask = SCANNERS[first[0]["scanner"]]()
    channel.send({"ready": True})
    while (question := channel.receive()) is not None:
        channel.send(_answer(ask, Path(question[0]["path"])))


def _answer(ask: Callable[[Path], dict[str, Any]], path: Path) -> dict[str, Any]:
    try:
        said = ask(path)
    except MemoryError:
        raise
    except Exception as failed:  # its faults are an answer about it
        return {"alarms": [], "failed": True, "why": type(failed).__name__}
    alarms = sorted({str(one)[:1000] for one in said["alarms"]})
    return {**said, "alarms": alarms[:MOST_ALARMS], "count": len(alarms)}


def _picklescan() -> Callable[[Path], dict[str, Any]]:
    scanner = import_module("picklescan.scanner")

    def ask(path: Path) -> dict[str, Any]:
        said = scanner.scan_file_path(str(path))
        alarms = [f"{one.module}.{one.name}" for one in said.globals if one.safety.value == "dangerous"]
        # of an archive without anything that it takes for a pickle it has scanned no file
        return {"alarms": alarms, "failed": bool(said.scan_err), "passed_over": not said.scanned_files}

    return ask


def _modelscan() -> Callable[[Path], dict[str, Any]]:
    scanner = import_module("modelscan.modelscan").ModelScan()

    def ask(path: Path) -> dict[str, Any]:
        said = scanner.scan(str(path))
        alarms = [f"{one.get('module', '')}.{one.get('operator', '')}".strip(".") for one in said["issues"]]
        failed, read = bool(said["errors"]), said["summary"]["scanned"]["total_scanned"]
        return {"alarms": alarms, "failed": failed, "passed_over": not (alarms or failed or read)}

    return ask


SCANNERS = {"picklescan": _picklescan, "modelscan": _modelscan}
