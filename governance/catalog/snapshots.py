"""What was found of one repository at one moment: its files, its card, and what its source says of it.

A snapshot is what an import turns into an entry and a version. Plain Python: no Django, no network.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from governance.catalog import manifests
from governance.catalog.manifests import ManifestFile

HASHED, LISTED, CARD_ONLY = "hashed", "listed", "card-only"
LOCAL = "local"
MAX_CARD_BYTES = 5_000_000
MAX_FILES = 100_000
MAX_TEXTS = 10  # licence texts of one repository that are kept
MAX_TEXT_BYTES = 128 * 1024  # of one of them; what is larger is no licence text


Progress = Callable[[int, int], None]  # units done, units known


class SnapshotRefused(Exception):
    """What was given cannot be read as a repository; the message says what and how to mend it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One repository at one revision. What its source does not say is None.

    ``repo_id`` is the id as the source answers; ``requested_id`` the one that was asked for where the source
    redirected it. ``revision`` is a 40-hex commit, None for a folder or a bare card. ``card`` holds the raw bytes
    of README.md, or the first ``MAX_CARD_BYTES`` (or what the caller allowed) where ``card_too_large``; None where
    there is no card. ``card_differs`` says that its bytes are not those that the listing names. ``skipped`` are
    paths of a folder that belong to git or to the Hub client's own records and not to the repository. ``texts`` are
    the licence files that were read, path and content; a licence file that is not among them was not looked at.
    """

    kind: str
    source: str
    repo_id: str
    revision: str | None
    files: tuple[ManifestFile, ...]
    card: bytes | None
    assurance: str
    requested_id: str | None = None
    card_too_large: bool = False
    card_differs: bool = False
    last_modified: dt.datetime | None = None
    library: str | None = None
    task: str | None = None
    tags: tuple[str, ...] = ()
    private: bool | None = None
    gated: str | bool | None = None  # False, or how access is granted: "auto", "manual"
    downloads: int | None = None
    likes: int | None = None
    skipped: tuple[str, ...] = ()
    texts: tuple[tuple[str, bytes], ...] = ()

    @property
    def digest(self) -> str:
        """What runs and approvals bind to; see ``manifests.digest_of``."""
        return manifests.digest_of(
            kind=self.kind, source=self.source, repo_id=self.repo_id, revision=self.revision, files=self.files
        )

    @property
    def byte_count(self) -> int | None:
        """Bytes of all files; None unless every size is known."""
        sizes = [file.size for file in self.files if file.size is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None


def texts_among(files: Iterable[tuple[str, int | None, str]]) -> list[str]:
    """The paths of the licence texts to be kept, those nearest to the top first.

    Args:
        files: path, size in bytes where it is known, and role.
    """
    small = [path for path, size, role in files if role == manifests.LICENCE and (size or 0) <= MAX_TEXT_BYTES]
    return sorted(small, key=lambda path: (path.count("/"), path))[:MAX_TEXTS]


def shown(text: object) -> str:
    """What a stranger wrote, safe to print: quoted, escaped, cut off."""
    escaped = ascii(text)
    return escaped if len(escaped) <= 120 else f"{escaped[:100]}…{escaped[-1]}"
