"""What other scanners say of the same files, where they are installed: their alarms join ours, and never lift one.

Both read and do not load. Their lists say what is forbidden; ours says what is allowed, so a silence of theirs is no
reason to pass anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

from audits.files.notes import CODES
from audits.files.scanning import FileScan


@dataclass(frozen=True)
class Opinion:
    """What one scanner says of one file: its alarms, in its own words; ``failed`` where it could not read it."""

    alarms: tuple[str, ...] = ()
    failed: bool = False


Scanner = Callable[[Path], Opinion]


def _picklescan(path: Path) -> Opinion:
    scanner = import_module("picklescan.scanner")
    with path.open("rb") as file:
        said = scanner.scan_bytes(file, str(path), path.suffix)
    alarms = {f"{one.module}.{one.name}" for one in said.globals if one.safety.value == "dangerous"}
    return Opinion(tuple(sorted(alarms)), failed=bool(said.scan_err))


def _modelscan(path: Path) -> Opinion:
    said = import_module("modelscan.modelscan").ModelScan().scan(str(path))
    alarms = {f"{one.get('module', '')}.{one.get('operator', '')}".strip(".") for one in said.get("issues", ())}
    return Opinion(tuple(sorted(alarms)), failed=bool(said.get("errors")))


SCANNERS: Mapping[str, Scanner] = {"picklescan": _picklescan, "modelscan": _modelscan}


def installed() -> list[str]:
    """The scanners that can be asked."""
    return [name for name in SCANNERS if util.find_spec(name) is not None]


def ask(scan: FileScan, files: Iterable[tuple[str, Path]], scanners: Iterable[str]) -> list[dict[str, Any]]:
    """Ask scanners of files by the path that the scan has them under, and note where they see what we do not.

    Returns:
        One row for each scanner and file: ``scanner``, ``version``, ``path``, ``alarms``, ``failed``.
    """
    rows = []
    for name in scanners:
        version = metadata.version(name)
        for shown, path in files:
            try:
                said = SCANNERS[name](path)
            except Exception:  # their faults are theirs: what stands here rests on our own scan
                said = Opinion(failed=True)
            ours = _alarming(scan, shown)
            if said.failed:
                scan.notes.add("files.opinion_failed", shown, name)
            elif bool(said.alarms) != ours:
                for alarm in said.alarms or ("no alarm",):
                    scan.notes.add("files.opinions_differ", shown, f"{name}: {alarm}")
            rows.append(
                {
                    "scanner": name,
                    "version": version,
                    "path": shown,
                    "alarms": list(said.alarms),
                    "failed": said.failed,
                }
            )
    return rows


def _alarming(scan: FileScan, path: str) -> bool:
    return any(
        CODES[note.code][0] in ("critical", "high") and (note.path == path or note.path.startswith(f"{path}!/"))
        for note in scan.notes
        if note.code != "files.opinions_differ"
    )
