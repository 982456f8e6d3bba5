"""What a scan comes to: a document with every file, and the verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audits.digests import canonical
from audits.files.notes import Note

if TYPE_CHECKING:
    from audits.files.scanning import FileScan

VERDICTS = ("fail", "no_information", "insufficient_data", "warn", "pass")


def document_of(
    scan: FileScan,
    opinions: Sequence[Mapping[str, Any]] = (),
    *,
    signatures: Sequence[Mapping[str, Any]] = (),
    hub: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The result of a scan.

    ``bytes_total`` and ``bytes_inspected`` are of the files themselves (members of containers are within them) in
    bytes; ``bytes_tensor_data`` says how many of the inspected ones are the numbers of a tensor: read, and in the
    place and of the size that a header gives them, and nothing more can be said of them. ``engines`` has bytes present
    and inspected by engine, members included. The verdict is fail where a finding is high or critical, no_information
    where there is no byte, insufficient_data where a byte was not inspected or a scanner could not be asked, warn
    where a finding is of medium severity, otherwise pass. ``opinions`` is what ``opinions.asking.ask`` gives,
    ``signatures`` what ``signatures.comparing.compare`` does, ``hub`` what ``hub_scans.compare`` does; null where the
    Hub was not asked.
    """
    scan.finish()
    files: list[dict[str, Any]] = [
        {
            "path": row.path,
            "format": row.format,
            "engine": row.engine,
            "bytes": row.size,
            "bytes_inspected": row.inspected,
            "bytes_tensor_data": row.tensor_data,
            "inside": row.depth > 0,
            "sha256": row.sha256,
            "findings": [],
        }
        for row in scan.rows
    ]
    by_path = {one["path"]: one for one in reversed(files)}
    elsewhere = []
    for note in scan.notes:
        if note.path in by_path:
            by_path[note.path]["findings"].append(note.as_document())
        else:
            elsewhere.append({"path": note.path, **note.as_document()})
    top = [row for row in scan.rows if row.depth == 0]
    engines: dict[str, dict[str, int]] = {}
    for row in scan.rows:
        one = engines.setdefault(row.engine or "none", {"files": 0, "bytes": 0, "bytes_inspected": 0})
        one["files"] += 1
        one["bytes"] += row.size
        one["bytes_inspected"] += row.inspected
    total, inspected = sum(row.size for row in top), sum(row.inspected for row in top)
    document = {
        "verdict": verdict_of(list(scan.notes), total=total, inspected=inspected, left_out=scan.notes.left_out),
        "bytes_total": total,
        "bytes_inspected": inspected,
        "bytes_tensor_data": sum(row.tensor_data for row in top),
        "files": files,
        "findings_elsewhere": elsewhere,
        "engines": dict(sorted(engines.items())),
        "rows_left_out": scan.rows_left_out,
        "findings_left_out": scan.notes.left_out,
        "opinions": [dict(one) for one in opinions],
        "signatures": [dict(one) for one in signatures],
        "hub": None if hub is None else dict(hub),
    }
    return {**document, "digest": hashlib.sha256(canonical(document)).hexdigest()}


def verdict_of(notes: list[Note], *, total: int, inspected: int, left_out: int = 0) -> str:
    """The verdict of findings and bytes; see ``document_of``."""
    severities = {note.severity for note in notes}
    if severities & {"high", "critical"}:
        return "fail"
    if total == 0:
        return "no_information"
    codes = {note.code for note in notes}
    unknown = {"files.not_inspected", "files.no_bytes", "files.not_given", "files.opinion_missing"}
    if inspected < total or left_out or codes & unknown:
        return "insufficient_data"
    return "warn" if "medium" in severities else "pass"
