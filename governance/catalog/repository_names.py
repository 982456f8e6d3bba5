"""What a repository and its commits are called, in their normal forms."""

from __future__ import annotations

import re
import unicodedata

from governance.catalog.snapshots import SnapshotRefused, shown

MAX_REPO_ID = 256  # characters; the longest of the public Hub has 222

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
# an id that is in its normal form already, with a namespace that is nobody's question
_USUAL_ID = re.compile(rf"(?:(?!_/){_PART.pattern}/)?{_PART.pattern}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def valid_repo_id(text: object) -> str:
    """A repository id in its normal form (NFKC): ``name`` or ``namespace/name``.

    The Hub's alphabet holds, which is ASCII letters, digits, ``-``, ``_`` and ``.``; look-alikes from other
    alphabets, control and direction characters are refused by name. The namespace ``_`` stands in our addresses
    for "none" and can be nobody's.

    Raises:
        SnapshotRefused: ``bad_repo_id``.
    """
    if not isinstance(text, str):
        raise SnapshotRefused("bad_repo_id", f"a repository id is text, not {type(text).__name__}")
    if len(text) <= MAX_REPO_ID and _USUAL_ID.fullmatch(text) and ".." not in text and "--" not in text:
        return text
    if len(text) > MAX_REPO_ID:
        raise _bad_id(text, f"has {len(text)} characters; {MAX_REPO_ID} are the most")
    name = unicodedata.normalize("NFKC", text.strip())
    parts = name.split("/")
    if len(name) > MAX_REPO_ID or not 1 <= len(parts) <= 2:
        raise _bad_id(text, "is not of the form name or namespace/name")
    for char in name:
        if not (char.isascii() and (char.isalnum() or char in "-_./")):
            raise _bad_id(text, f"has {_named(char)}; letters a-z, digits, '-', '_' and '.' are allowed")
    if not all(_PART.fullmatch(part) for part in parts):
        raise _bad_id(text, "has an empty part, or one that begins or ends with '-' or '.'")
    if ".." in name or "--" in name:
        raise _bad_id(text, "has '..' or '--' in it")
    if len(parts) == 2 and parts[0] == "_":
        raise _bad_id(text, "has the namespace '_', which stands for no namespace; leave it out")
    return name


def entry_key(repo_id: str) -> str:
    """What two spellings of one repository id have in common: NFKC, case-folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", repo_id).casefold())


def valid_commit(text: object) -> str:
    """A full commit sha in lower case.

    Raises:
        SnapshotRefused: ``revision_must_be_commit_sha``: a branch, a tag or a short sha moves or is ambiguous.
    """
    sha = text.strip().lower() if isinstance(text, str) else ""
    if not _COMMIT.fullmatch(sha):
        raise SnapshotRefused(
            "revision_must_be_commit_sha",
            f"a revision is a commit of 40 hex digits, not {shown(text)}; `git ls-remote` on the repository's "
            "address, or its page of commits, shows the commit of a branch or tag; without a revision the newest "
            "commit is taken and recorded",
        )
    return sha


def repo_id_of_file_name(name: str) -> str:
    """The repository id that a card's file is named after: ``namespace__name.md``, or ``name.md``.

    Raises:
        SnapshotRefused: ``bad_repo_id``.
    """
    stem = name[:-3] if name.lower().endswith(".md") else name
    return valid_repo_id(stem.replace("__", "/", 1))


def _bad_id(text: str, why: str) -> SnapshotRefused:
    return SnapshotRefused("bad_repo_id", f"the repository id {shown(text)} {why}")


def _named(char: str) -> str:
    return f"the character U+{ord(char):04X} ({unicodedata.name(char, 'unnamed')})"
