"""What the Hub's own scanners say of the same files, beside what ours says: evidence, and never a verdict.

An alarm of theirs that we do not share is a finding, and so is one of ours that they do not share. What they have not
scanned is not scanned: it says nothing for a file.

Source: ``securityFileStatus`` of the Hub's API (``paths-info`` with ``expand``): a status of the file and one of each
scanner, of ``unscanned``, ``queued``, ``error``, ``safe``, ``caution``, ``suspicious``, ``unsafe``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audits.files.notes import CODES

if TYPE_CHECKING:
    from audits.files.scanning import FileScan

SAFE = ("safe",)
NOT_SCANNED = ("unscanned", "queued", "error", "")
_OWN = tuple(code for code in CODES if code.startswith(("files.hub_", "files.signature_", "files.not_given")))
_ORDER = ("info", "low", "medium", "high", "critical")


def compare(scan: FileScan, asked: Mapping[str, Any], *, rows_of: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Hold the Hub's statuses against the findings of a scan, and note where they differ.

    Args:
        asked: ``asked_at`` and ``files``: by path ``status`` and ``scanners`` (a status by the name of each).
        rows_of: under which paths the scan has read a file of the version; none where its bytes were not at hand.

    Returns:
        ``asked_at``, ``counts`` of statuses, ``not_scanned`` (files without a word), and ``files``: those with an alarm
        of either side, with ``path``, ``status``, ``scanners``, ``ours`` (the gravest severity, or "") and ``agrees``
        (null where one side has not looked).
    """
    files = asked.get("files", {})
    gravest = _gravest_by_file(scan)
    shown = []
    for path, said in sorted(files.items()):
        status = str(said.get("status", ""))
        ours = max((gravest.get(row, "") for row in rows_of.get(path, ())), key=_rank, default="")
        agrees = _agrees(scan, path, status, said.get("scanners", {}), ours)
        if agrees and not rows_of.get(path):
            agrees = None
        if agrees is False or status not in SAFE + NOT_SCANNED:
            scanners = {str(name): str(word) for name, word in sorted(said.get("scanners", {}).items())}
            shown.append({"path": path, "status": status, "scanners": scanners, "ours": ours, "agrees": agrees})
    counts = Counter(str(said.get("status", "")) or "unscanned" for said in files.values())
    silent = sum(n for status, n in counts.items() if status in NOT_SCANNED)
    return {
        "asked_at": asked.get("asked_at"),
        "counts": dict(sorted(counts.items())),
        "not_scanned": silent + sum(path not in files for path in rows_of),
        "files": shown,
    }


def _agrees(scan: FileScan, path: str, status: str, scanners: Mapping[str, str], ours: str) -> bool | None:
    """Whether both sides say the same; None where the Hub has said nothing."""
    if status in NOT_SCANNED:
        return None
    if status in SAFE:
        if _rank(ours) >= _rank("high"):
            scan.notes.add("files.hub_silent", path, status)
            return False
        return True
    code, enough = ("files.hub_alarms", "high") if status == "unsafe" else ("files.hub_doubts", "medium")
    if _rank(ours) >= _rank(enough):
        return True
    for name, word in sorted(scanners.items()) or [("", status)]:
        if word not in SAFE + NOT_SCANNED:
            scan.notes.add(code, path, f"{name}: {word}" if name else word)
    if not any(word not in SAFE + NOT_SCANNED for word in scanners.values()):
        scan.notes.add(code, path, status)
    return False


def _gravest_by_file(scan: FileScan) -> dict[str, str]:
    """The gravest severity of our own findings, by the file of its own or the member that they are in."""
    found: dict[str, str] = {}
    for note in scan.notes:
        if note.code in _OWN:
            continue
        parts = note.path.split("!/")
        for depth in range(1, len(parts) + 1):
            path = "!/".join(parts[:depth])
            found[path] = max(found.get(path, ""), note.severity, key=_rank)
    return found


def _rank(severity: str) -> int:
    return _ORDER.index(severity) if severity in _ORDER else -1
