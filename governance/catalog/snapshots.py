"""What was found of one repository at one moment: its files, its card, and what its source says of it.

A snapshot is what an import turns into an entry and a version. Plain Python: no Django, no network.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from governance.catalog import manifests
from governance.catalog.manifests import ManifestFile

MODEL, DATASET, SPACE = KINDS = ("model", "dataset", "space")
HASHED, LISTED, CARD_ONLY = "hashed", "listed", "card-only"
LOCAL = "local"
MAX_CARD_BYTES = 5_000_000
MAX_FILES = 100_000
MAX_DEPTH = 64  # folders within folders
MAX_TEXTS = 10  # licence texts of one repository that are kept
MAX_TEXT_BYTES = 128 * 1024  # of one of them; what is larger is no licence text
MAX_REPO_ID = 256  # characters; the longest of the public Hub has 222
_READ_AT_ONCE = 1024 * 1024

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
# an id that is in its normal form already, with a namespace that is nobody's question
_USUAL_ID = re.compile(rf"(?:(?!_/){_PART.pattern}/)?{_PART.pattern}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# Keys of a card's front matter that the Hub documents for one kind only.
_SPACE_KEYS = frozenset({"sdk", "sdk_version", "app_file", "app_port", "colorFrom", "colorTo", "hf_oauth"})
_DATASET_KEYS = frozenset(
    {"task_categories", "task_ids", "size_categories", "annotations_creators", "language_creators", "source_datasets"}
    | {"multilinguality", "dataset_info", "configs", "train-eval-index", "paperswithcode_id", "viewer"}
)
_MODEL_KEYS = frozenset(
    {"pipeline_tag", "library_name", "base_model", "base_model_relation", "model-index", "datasets", "metrics"}
    | {"inference", "widget", "co2_eq_emissions", "model_name", "new_version", "quantized_by"}
)
_TOP_LEVEL_KEY = re.compile(rb"^([A-Za-z_][\w-]{0,40})[ \t]*:", re.MULTILINE)

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


def valid_kind(kind: str) -> str:
    """The kind, if there is such a kind."""
    if kind not in KINDS:
        raise SnapshotRefused("unknown_kind", f"kind is one of {', '.join(KINDS)}, not {_shown(kind)}")
    return kind


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
            f"a revision is a commit of 40 hex digits, not {_shown(text)}; `git ls-remote` on the repository's "
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


def from_card(card: bytes, *, kind: str, source: str, repo_id: str, max_card_bytes: int = MAX_CARD_BYTES) -> Snapshot:
    """The snapshot of a repository of which nothing but the card is at hand.

    Raises:
        SnapshotRefused: ``unknown_kind``, ``bad_repo_id``.
    """
    row = ManifestFile(manifests.CARD_NAME, len(card), hashlib.sha256(card).hexdigest(), None, manifests.CARD)
    return Snapshot(
        kind=valid_kind(kind),
        source=source,
        repo_id=valid_repo_id(repo_id),
        revision=None,
        files=(row,),
        card=card[:max_card_bytes],
        card_too_large=len(card) > max_card_bytes,
        assurance=CARD_ONLY,
    )


def texts_among(files: Iterable[tuple[str, int | None, str]]) -> list[str]:
    """The paths of the licence texts to be kept, those nearest to the top first.

    Args:
        files: path, size in bytes where it is known, and role.
    """
    small = [path for path, size, role in files if role == manifests.LICENCE and (size or 0) <= MAX_TEXT_BYTES]
    return sorted(small, key=lambda path: (path.count("/"), path))[:MAX_TEXTS]


def from_folder(
    path: str | os.PathLike[str],
    *,
    kind: str | None = None,
    repo_id: str,
    progress: Progress | None = None,
    max_card_bytes: int = MAX_CARD_BYTES,
    max_files: int = MAX_FILES,
) -> Snapshot:
    """The snapshot of a local folder: every byte read and hashed, streamed.

    Left out, and named in ``skipped``: folders called ``.git`` and the Hub client's own ``.cache/huggingface``.
    A link is followed only to a file inside the folder.

    Args:
        kind: guessed from the card and the names of the files where it is not given.
        progress: called with bytes read and bytes to read.

    Raises:
        SnapshotRefused: ``no_such_folder``, ``not_a_folder``, ``empty_folder``, ``unreadable``, ``bad_file_name``,
            ``too_many_files``, ``too_deep``, ``link_leaves_folder``, ``broken_link``, ``link_to_folder``,
            ``not_a_file``, ``changed_while_reading``, ``file_too_large``, ``bad_repo_id``, ``unknown_kind``.
    """
    repo_id = valid_repo_id(repo_id)
    root = _folder(path)
    skipped: list[str] = []
    found: list[tuple[str, str, int]] = []
    for found_file in _walk(root, skipped=skipped):
        found.append(found_file)
        if len(found) > max_files:
            raise SnapshotRefused(
                "too_many_files", f"{root} holds more than {max_files} files; import the repository's folder alone"
            )
    if not found:
        raise SnapshotRefused("empty_folder", f"{root} holds no files; name the folder that holds README.md")
    kind = valid_kind(kind) if kind else guess_kind([name for name, _, _ in found], card=_head_of_card(found))
    count = _Counter(progress, total=sum(size for _, _, size in found))
    files: list[ManifestFile] = []
    card: bytes | None = None
    card_name = _card_among(name for name, _, _ in found)
    kept = dict.fromkeys(texts_among((name, size, manifests.role_of(name, kind)) for name, _, size in found), b"")
    for name, real, _size in sorted(found):
        keep = max_card_bytes + 1 if name == card_name else MAX_TEXT_BYTES if name in kept else 0
        size, sha256, head = _read(name, real, count=count, keep=keep)
        files.append(ManifestFile(name, size, sha256, None, manifests.role_of(name, kind)))
        if name == card_name:
            card = head
        elif name in kept:
            kept[name] = head
    return Snapshot(
        kind=kind,
        source=LOCAL,
        repo_id=repo_id,
        revision=None,
        files=tuple(files),
        card=None if card is None else card[:max_card_bytes],
        card_too_large=card is not None and len(card) > max_card_bytes,
        assurance=HASHED,
        skipped=tuple(skipped),
        texts=tuple(kept.items()),
    )


def guess_kind(paths: Sequence[str], *, card: bytes | None = None) -> str:
    """The kind that a repository most likely is, by its card's keys, else by the files it holds; else a model.

    Args:
        paths: the files, relative to the repository.
        card: the raw card, or the beginning of it.
    """
    keys = _front_matter_keys(card or b"")
    for kind, own in ((SPACE, _SPACE_KEYS), (DATASET, _DATASET_KEYS), (MODEL, _MODEL_KEYS)):
        if keys & own and not (kind == DATASET and keys & _MODEL_KEYS - {"datasets"}):
            return kind
    roles = {manifests.role_of(path, MODEL) for path in paths}
    if manifests.WEIGHTS in roles or "config.json" in paths:
        return MODEL
    if "dataset_infos.json" in paths or manifests.DATA in roles:
        return DATASET
    return SPACE if "app.py" in paths or "index.html" in paths else MODEL


def _front_matter_keys(card: bytes) -> set[str]:
    lines = card[:65536].lstrip(b"\xef\xbb\xbf \r\n\t")
    if not lines.startswith(b"---"):
        return set()
    matter = re.split(rb"^---[ \t]*\r?$", lines[3:], maxsplit=1, flags=re.MULTILINE)[0]
    return {key.decode() for key in _TOP_LEVEL_KEY.findall(matter)}


def _card_among(names: Iterator[str]) -> str | None:
    """README.md at the top, in whatever case where that spelling is missing."""
    spellings = sorted(name for name in names if name.lower() == manifests.CARD_NAME.lower())
    return manifests.CARD_NAME if manifests.CARD_NAME in spellings else next(iter(spellings), None)


def _head_of_card(found: list[tuple[str, str, int]]) -> bytes | None:
    card_name = _card_among(name for name, _, _ in found)
    for name, real, _size in found:
        if name == card_name:
            return _read(name, real, count=_Counter(None, total=0), keep=65536, stop_at=65536)[2]
    return None


def _folder(path: str | os.PathLike[str]) -> Path:
    shown = _shown(os.fspath(path))
    try:
        root = Path(path).expanduser().resolve(strict=True)
        is_folder = root.is_dir()
    except (FileNotFoundError, NotADirectoryError):
        raise SnapshotRefused("no_such_folder", f"there is no folder {shown}; check the path") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise SnapshotRefused("unreadable", f"cannot open the folder {shown}: {_reason(error)}") from None
    if not is_folder:
        raise SnapshotRefused("not_a_folder", f"{shown} is not a folder; name the folder that holds README.md")
    return root


def _walk(root: Path, *, skipped: list[str]) -> Iterator[tuple[str, str, int]]:
    """Path within the folder, path to open, size; of every regular file."""
    pending: list[tuple[str, int]] = [("", 0)]
    while pending:
        folder, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise SnapshotRefused("too_deep", f"folders lie more than {MAX_DEPTH} deep at {_shown(folder[:80])}…")
        try:
            with os.scandir(os.path.join(root, folder)) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            raise _unreadable(folder or str(root), error) from None
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name == ".git" or name == ".cache/huggingface":
                skipped.append(name)
                continue
            if why := manifests.bad_path(name):
                raise SnapshotRefused("bad_file_name", f"{_shown(name)} {why}; rename it")
            if entry.is_symlink():
                yield name, *_link(name, entry.path, root)
            elif entry.is_dir(follow_symlinks=False):
                pending.append((name, depth + 1))
            elif entry.is_file(follow_symlinks=False):
                yield name, entry.path, entry.stat(follow_symlinks=False).st_size
            else:
                raise SnapshotRefused("not_a_file", f"{_shown(name)} is a socket, pipe or device; remove it")


def _link(name: str, path: str, root: Path) -> tuple[str, int]:
    """Where a link inside the folder leads to, and the size of the file there."""
    try:
        target = Path(path).resolve(strict=True)
        state = target.stat()
    except (OSError, RuntimeError):
        raise SnapshotRefused("broken_link", f"{_shown(name)} is a link that leads nowhere; remove it") from None
    if not target.is_relative_to(root):
        raise SnapshotRefused(
            "link_leaves_folder",
            f"{_shown(name)} is a link to a file outside the folder; copy the folder with `cp -rL` and import the copy",
        )
    if stat.S_ISDIR(state.st_mode):
        raise SnapshotRefused("link_to_folder", f"{_shown(name)} is a link to a folder; copy what it leads to")
    if not stat.S_ISREG(state.st_mode):
        raise SnapshotRefused("not_a_file", f"{_shown(name)} leads to a socket, pipe or device; remove it")
    return str(target), state.st_size


class _Counter:
    """Bytes read of bytes to read."""

    def __init__(self, progress: Progress | None, *, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, number: int) -> None:
        self.done += number
        if self.progress is not None:
            self.progress(self.done, self.total)


def _read(
    name: str, path: str, *, count: _Counter, keep: int = 0, stop_at: int | None = None
) -> tuple[int, str, bytes]:
    """Size, SHA-256 and the first ``keep`` bytes of a file that nobody changes meanwhile."""
    hashed, size, head = hashlib.sha256(), 0, b""
    try:
        # A name that turned into a link or a pipe since it was listed is neither followed nor waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise _changed(name)
            while chunk := file.read(min(_READ_AT_ONCE, stop_at) if stop_at else _READ_AT_ONCE):
                hashed.update(chunk)
                size += len(chunk)
                if len(head) < keep:
                    head += chunk[: keep - len(head)]
                count.add(len(chunk))
                if size > before.st_size:
                    raise _changed(name)  # a file that grows as fast as it is read has no end
                if stop_at is not None and size >= stop_at:
                    return size, "", head
            after = os.fstat(descriptor)
    except OSError as error:
        raise _unreadable(name, error) from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise _changed(name)
    if size > manifests.MAX_SIZE:
        raise SnapshotRefused("file_too_large", f"{_shown(name)} is larger than {manifests.MAX_SIZE} bytes")
    return size, hashed.hexdigest(), head


def _changed(name: str) -> SnapshotRefused:
    return SnapshotRefused("changed_while_reading", f"{_shown(name)} changed while it was read; import it again")


def _unreadable(name: str, error: OSError) -> SnapshotRefused:
    return SnapshotRefused("unreadable", f"cannot read {_shown(name)}: {_reason(error)}; give the right to read it")


def _reason(error: Exception) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else str(error)[:80]


def _bad_id(text: str, why: str) -> SnapshotRefused:
    return SnapshotRefused("bad_repo_id", f"the repository id {_shown(text)} {why}")


def _shown(text: object) -> str:
    """What a stranger wrote, safe to print: quoted, escaped, cut off."""
    escaped = ascii(text)
    return escaped if len(escaped) <= 120 else f"{escaped[:100]}…{escaped[-1]}"


def _named(char: str) -> str:
    return f"the character U+{ord(char):04X} ({unicodedata.name(char, 'unnamed')})"
