"""Other scanners asked, and where they see what we do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from audits.files.notes import CODES
from audits.files.opinions.environments import ScannerMissing
from audits.files.opinions.running import Files, Opinion, Tick, inquire
from audits.files.scanning import FileScan

Inquire = Callable[[str, str, Files, Tick], tuple[str, list[Opinion]]]


def ask(
    scan: FileScan,
    files: Files,
    scanners: Mapping[str, str],
    *,
    tick: Tick = lambda: None,
    inquire: Inquire = inquire,
) -> list[dict[str, Any]]:
    """Ask scanners of files by the path that the scan has them under, and note where they see what we do not.

    A scanner that could not be asked at all, and one that could not read a file, are findings too: who wants a second
    opinion has none then. A file that it passes over is neither.

    Args:
        scanners: the folder of its environment by the name of each; see ``environments.python_of``.

    Returns:
        One row for each scanner and file: ``scanner``, ``version``, ``path``, ``alarms``, ``failed``; and where there
        is something to say ``passed_over``, ``why`` (of a failure), ``alarms_left_out``. Of a scanner that is missing
        one row, without version and path.
    """
    rows: list[dict[str, Any]] = []
    for name, folder in scanners.items():
        try:
            version, opinions = inquire(name, folder, files, tick) if files else ("", [])
        except ScannerMissing as missing:
            scan.notes.add("files.opinion_missing", name, name, why=missing.code)
            rows.append(_row(name, "", "", Opinion(failed=True, why=missing.code)))
            continue
        for (shown, _path), said in zip(files, opinions, strict=True):
            _compare(scan, name, shown, said)
            rows.append(_row(name, version, shown, said))
    return rows


def _compare(scan: FileScan, name: str, path: str, said: Opinion) -> None:
    if said.failed:
        scan.notes.add("files.opinion_failed", path, name)
    silent = said.failed or said.passed_over
    if bool(said.alarms) != _alarming(scan, path) and (said.alarms or not silent):
        for alarm in said.alarms or ("no alarm",):
            scan.notes.add("files.opinions_differ", path, f"{name}: {alarm}")


def _row(name: str, version: str, path: str, said: Opinion) -> dict[str, Any]:
    row: dict[str, Any] = {
        "scanner": name,
        "version": version,
        "path": path,
        "alarms": list(said.alarms),
        "failed": said.failed,
    }
    row |= {"passed_over": True} if said.passed_over else {}
    row |= {"why": said.why} if said.why else {}
    return row | ({"alarms_left_out": said.count - len(said.alarms)} if said.count > len(said.alarms) else {})


def _alarming(scan: FileScan, path: str) -> bool:
    return any(
        CODES[note.code][0] in ("critical", "high") and (note.path == path or note.path.startswith(f"{path}!/"))
        for note in scan.notes
        if note.code != "files.opinions_differ"
    )
