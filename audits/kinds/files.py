"""The audit ``files``: what the bytes of a version would make a loader do, read without loading them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from audits.files.documents import VERDICTS, document_of
from audits.files.opinions.names import SCANNERS
from audits.kinds.base import Context, Draft, InputsRejected, Outcome, audit

if TYPE_CHECKING:
    from audits.files.scanning import FileScan, Row

MAX_LOCUS = 500


@audit("files", version=3, verdicts=VERDICTS, time_limit_s=3_600)
def run(context: Context) -> Outcome:
    """Scan the files at hand and say which files of the version were not among them.

    Inputs: ``files`` (a list of ``path`` and ``sha256`` of stored files, and of uploaded ones with ``filename``
    instead of a path) and ``manifest`` (a list of ``path``, ``size``, ``sha256`` or null, ``git_oid`` or null: what
    the version consists of; empty where that is not known; with ``manifest_is_cut`` where it is too long to be listed
    whole). An uploaded archive counts for the files in it whose bytes the manifest names. ``signers`` (a list of
    ``name`` and ``pem``) are those whose signatures count, ``hub_scan`` is what the Hub's own scanners say (see
    ``audits.files.hub_scans``), ``scanners`` (a list of names) are other scanners to be asked of the same files, which
    the worker finds where its own setting says. Progress is bytes.

    Returns:
        The document of ``audits.files.documents.document_of``; in the summary the bytes, how many signatures are
        verified and, where these rest on certificates, until when (seconds since 1970); one draft for each code and
        path.

    Raises:
        InputsRejected: nothing is at hand, an input has the wrong type, a stored file is gone, or a scanner that was
            to be asked is missing where the files do not fail without it.
    """
    # what reads files is loaded by workers alone
    from audits.files import hub_scans
    from audits.files.opinions import asking
    from audits.files.scanning import FileScan
    from audits.files.signatures.comparing import compare as compare_signatures
    from audits.files.signatures.signers import BadSigner, signers_of
    from audits.files.sources import Source

    files, manifest = _listed(context.inputs, "files"), _listed(context.inputs, "manifest")
    if not files:
        raise InputsRejected("files_missing", "there is no file to scan; upload the version's files and attach them")
    scan = FileScan(progress=context.progress, hashes=bool(manifest))
    scanners = {name: settings.SCANNERS.get(name, "") for name in _names(context.inputs, "scanners")}
    for one in files:
        sha256 = one.get("sha256")
        if not isinstance(sha256, str):
            raise InputsRejected("files_inputs", "files: every one has a sha256")
        with context.open_blob(sha256) as opened:
            shown = str(one.get("path") or one.get("filename") or sha256)
            scan.file(Source.of_file(opened), shown)
            scan.on_disk.append((shown, Path(str(getattr(opened, "name", "")))))
    rows_of = _compare(scan, manifest)
    if context.inputs.get("manifest_is_cut"):
        scan.notes.add("files.not_given", "…", bytes=0)
    try:
        signers = signers_of(_listed(context.inputs, "signers"))
    except BadSigner as bad:
        raise InputsRejected("files_signers", f"signers: {bad}; have the operator mend it") from bad
    asked = context.inputs.get("hub_scan")
    hub = hub_scans.compare(scan, asked, rows_of=rows_of) if isinstance(asked, Mapping) else None
    signatures = compare_signatures(scan, signers, at=context.at, held=_held(scan, rows_of))
    said = asking.ask(scan, scan.on_disk, scanners, tick=partial(context.progress, scan.done, None))
    document = document_of(scan, said, signatures=signatures, hub=hub)
    missing = {str(one["scanner"]): str(one["why"]) for one in said if not one["path"]}
    if missing and document["verdict"] != "fail":
        # What succeeded would stand as the answer to the same question, even once the scanner is there.
        why = ", ".join(f"{name} ({code})" for name, code in sorted(missing.items()))
        raise InputsRejected(
            "scanner_missing",
            f"{why} was to be asked and could not be; have the operator install it where ASSAY_SCANNERS says, or take "
            "it out there, and ask again",
        )
    return Outcome(
        verdict=document["verdict"],
        summary={
            "files_bytes_total": float(document["bytes_total"]),
            "files_bytes_inspected": float(document["bytes_inspected"]),
            **_verified(signatures),
        },
        document=document,
        drafts=[
            Draft(
                code=note.code, severity=note.severity, locus=note.path[:MAX_LOCUS], params=note.as_document()["params"]
            )
            for note in scan.notes
        ],
    )


def _verified(signatures: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    verified = [one for one in signatures if one["state"] == "verified"]
    # Together they vouch for all files, so the first that ends ends it.
    ends = [dt.datetime.fromisoformat(one["valid_until"]).timestamp() for one in verified if "valid_until" in one]
    said = {"files_signatures_verified": float(len(verified))}
    return said | ({"files_signatures_valid_until": min(ends)} if ends else {})


def _listed(inputs: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    given = inputs.get(name) or []
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(isinstance(one, Mapping) for one in given):
        raise InputsRejected("files_inputs", f"{name}: is a list of files")
    return list(given)


def _names(inputs: Mapping[str, Any], name: str) -> list[str]:
    given = inputs.get(name) or []
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(one in SCANNERS for one in given):
        raise InputsRejected("files_inputs", f"{name}: a list of some of {', '.join(SCANNERS)}")
    return list(given)


def _compare(scan: FileScan, manifest: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Note which files of the version were not scanned, and which scanned files the version does not have.

    Returns:
        Under which paths of the scan the bytes of each file of the version were read, by its path in the version.
    """
    if not manifest:
        return {}
    paths: dict[str, list[str]] = {}
    for row in scan.rows:
        for digest in (row.sha256, row.git_oid):
            if digest:
                paths.setdefault(digest, []).append(row.path)
    rows_of: dict[str, list[str]] = {}
    known = {str(one[key]) for one in manifest for key in ("sha256", "git_oid") if one.get(key)}
    for one in manifest:
        # Of a large file git keeps a pointer, whose own digest would be no word about the file.
        oids = [str(one["sha256"])] if one.get("sha256") else [str(one["git_oid"])] if one.get("git_oid") else []
        rows_of[str(one.get("path"))] = [path for oid in oids for path in paths.get(oid, ())]
        if not any(oid in paths for oid in oids) and one.get("size") != 0:
            scan.notes.add("files.not_given", str(one.get("path")), bytes=int(one.get("size") or 0))
    for row in scan.rows:
        if row.depth == 0 and not known & {row.sha256, row.git_oid} and not _carries(scan.rows, row, known):
            scan.notes.add("files.other_bytes", row.path)
    return rows_of


def _held(scan: FileScan, rows_of: Mapping[str, Sequence[str]]) -> dict[str, str | None] | None:
    """The SHA-256 of what was read, by the path in the version; None where no path of the version is known."""
    if not rows_of:
        return None
    read = {row.path: row.sha256 for row in scan.rows if row.sha256}
    return {path: next((read[row] for row in rows if row in read), None) for path, rows in rows_of.items()}


def _carries(rows: Sequence[Row], container: Row, known: set[str]) -> bool:
    """Whether everything in an archive is of the version, so that it only carries its files."""
    inner = [row for row in rows if row.depth == 1 and row.path.startswith(f"{container.path}!/")]
    return bool(inner) and all(known & {row.sha256, row.git_oid} for row in inner)
