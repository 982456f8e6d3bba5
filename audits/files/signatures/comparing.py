"""Signatures of a scan: each is checked, and what it lists is compared with the bytes that were read."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audits.files.notes import MOST_NAMES
from audits.files.signatures.bundles import Signed, Unreadable, read
from audits.files.signatures.signers import Signer, check

if TYPE_CHECKING:
    from audits.files.scanning import FileScan


def compare(
    scan: FileScan,
    signers: Iterable[Signer],
    *,
    at: dt.datetime,
    held: Mapping[str, str | None] | None = None,
) -> list[dict[str, Any]]:
    """Check the signatures that a scan has come upon, and note what comes of it.

    Args:
        scan: done with its files.
        signers: whose signatures count.
        at: the moment at which certificates have to be in force.
        held: the SHA-256 of each file by its path in the version, None where its bytes were not read; without it the
            files are those of the scan, by their own paths.

    Returns:
        For each signature ``path``, ``state``, ``signer``, ``why``, ``files`` (how many it lists) and, where it rests
        on certificates in force, ``valid_until``: from then on it is not verified any more. The state is ``verified``
        (a known signer, and all files are those that were signed), ``partial`` (a known signer, but there
        are files that neither it nor another verified one lists, or it lists some that nobody has read),
        ``unverified``, ``wrong`` or ``unreadable``.
    """
    signers = list(signers)
    # What is inside of a file goes with the file; a folder may be called ``weights!`` all the same.
    members = {row.path for row in scan.rows if row.depth} - {row.path for row in scan.rows if not row.depth}
    if held is None:
        held = {row.path: row.sha256 or None for row in scan.rows}
    else:
        members = set()
    looked_at = [_one(scan, path, raw, signers, held, members, at=at) for path, raw in scan.signatures]
    # A signed model beside another one vouches for itself alone, wherever it was taken from.
    vouched = {name for one in looked_at if one.said["state"] == "verified" for name in one.covers}
    beyond = sorted(held.keys() - vouched - members)
    for one in looked_at:
        if one.said["state"] == "verified" and beyond:
            one.said["state"] = "partial"
            for name in beyond:
                scan.notes.add("files.signature_leaves_out", one.said["path"], name)
        elif one.said["state"] == "verified":
            scan.notes.add("files.signature_verified", one.said["path"], one.said["signer"])
    return [one.said for one in looked_at]


@dataclass(frozen=True)
class _Compared:
    """What is said of a signature, and the names of the files that are what it lists or leaves out on purpose."""

    said: dict[str, Any]
    covers: frozenset[str] = frozenset()


def _one(
    scan: FileScan,
    path: str,
    raw: bytes,
    signers: list[Signer],
    held: Mapping[str, str | None],
    members: Set[str],
    *,
    at: dt.datetime,
) -> _Compared:
    said: dict[str, Any] = {"path": path, "state": "unreadable", "signer": "", "why": "", "files": 0}
    try:
        signed = read(raw)
    except Unreadable as problem:
        scan.notes.add("files.signature_unverified", path, why=f"signature_{problem.why}")
        return _Compared(said | {"why": problem.why})
    checked = check(signed, signers, at=at)
    said |= {"state": checked.state, "signer": checked.signer, "why": checked.why, "files": len(signed.files)}
    if checked.state == "wrong":
        scan.notes.add("files.signature_wrong", path, checked.signer)
    elif checked.state == "unverified":
        day = {} if checked.on is None else {"on": checked.on.isoformat()}
        scan.notes.add("files.signature_unverified", path, why=f"signature_{checked.why}", **day)
    if checked.until is not None:
        said["valid_until"] = checked.until.isoformat()
    own = hashlib.sha256(raw).hexdigest()  # no signature lists itself
    folder = _folder(path, own, signed, held)
    here = {name.removeprefix(folder): sha256 for name, sha256 in held.items() if name.startswith(folder)}
    differ = [name for name, digest in signed.files.items() if here.get(name) not in (None, digest)]
    absent = [name for name in signed.files if here.get(name) is None]
    beyond = [
        name
        for name, sha256 in here.items()
        if name not in signed.files
        and sha256 != own
        and not _is_ignored(name, signed)
        and f"{folder}{name}" not in members
    ]
    for code, names in (
        ("files.signature_differs", differ),
        ("files.signature_absent", absent),
        ("files.signature_leaves_out", beyond),
    ):
        for name in sorted(names):
            scan.notes.add(code, path, name)
    if checked.state == "verified":
        if differ:
            said["state"] = "wrong"
        elif absent or beyond:
            said["state"] = "partial"
    said |= {name: sorted(found)[:MOST_NAMES] for name, found in (("differ", differ), ("absent", absent)) if found}
    return _Compared(said, frozenset(f"{folder}{name}" for name in here) | {n for n, sha in held.items() if sha == own})


def _folder(path: str, own: str, signed: Signed, held: Mapping[str, str | None]) -> str:
    """The folder that a signature speaks of: one that it lies in, under the name that fits most of what it lists."""
    names = [path, *(name for name, sha256 in held.items() if sha256 == own)]
    folders = {"", *(name[: max(name.rfind("/"), -1) + 1] for name in names)}
    return max(sorted(folders), key=lambda folder: sum(folder + name in held for name in signed.files))


def _is_ignored(name: str, signed: Signed) -> bool:
    return any(name == one or name.startswith(f"{one}/") for one in signed.ignored)
