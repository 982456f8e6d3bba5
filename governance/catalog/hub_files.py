"""A version's files on the Hub: what the Hub's own scanners say of them, and their bytes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import IO, Any

from governance.catalog import hub, manifests
from governance.catalog.hub import patiently
from governance.catalog.hub_refusals import HubRefused, Question
from governance.catalog.manifests import ManifestFile

logger = logging.getLogger(__name__)

MOST_ASKED = 1_000  # files of one repository whose statuses are asked for
AT_ONCE = 100
MAX_ANSWER = 8 * 1024 * 1024
CHUNK = 1 << 20
SLOWEST = 100_000  # bytes a second; what comes more slowly is given up and tried again
STATUSES = ("unscanned", "safe", "queued", "error", "caution", "suspicious", "unsafe")
# The scanners of the Hub that answers name today; others are kept as they come.
_NOT_SCANNERS = ("status",)
_ORDER = (manifests.WEIGHTS, manifests.CODE, manifests.OTHER)


def scans_of(asked: Question, files: Sequence[ManifestFile], *, revision: str) -> dict[str, dict[str, Any]]:
    """What the Hub's scanners say of files at a commit: by path ``status`` and ``scanners``.

    Weights, programs and what is of no known role come first; beyond ``MOST_ASKED`` files nobody is asked. A file of
    which the Hub says nothing is not in the answer. It is wanted, not needed: a Hub that does not answer is no error.

    Source: ``POST /api/{kind}s/{id}/paths-info/{revision}`` with ``expand``, as huggingface_hub 2.4 asks it.
    """
    paths = sorted(files, key=lambda one: (one.role not in _ORDER, one.path))
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, min(len(paths), MOST_ASKED), AT_ONCE):
        batch = [one.path for one in paths[start : start + AT_ONCE]]
        try:
            answer = _paths_info(asked, batch, revision)
        except HubRefused as refused:
            logger.warning("%s: scans are not known: %s", asked.subject, refused.code)
            break
        found |= _statuses(answer, set(batch))
    return found


def _paths_info(asked: Question, paths: Sequence[str], revision: str) -> Any:
    from huggingface_hub import get_session, hf_raise_for_status
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public, exported lazily

    url = f"{asked.endpoint}/api/{asked.kind}s/{asked.repo_id}/paths-info/{revision}"
    headers = {**build_hf_headers(token=asked.token or False), **hub.PLAIN}

    def ask() -> Any:
        sent = {"paths": list(paths), "expand": True}
        response = get_session().post(url, data=sent, headers=headers, timeout=asked.timeout)
        hf_raise_for_status(response)
        return response.json()

    return patiently(ask, asked, limit=MAX_ANSWER)


def _statuses(answer: Any, asked: set[str]) -> dict[str, dict[str, Any]]:
    """Statuses by path, of what was asked for; what is of another shape says nothing."""
    found = {}
    for one in answer if isinstance(answer, list) else ():
        path = one.get("path") if isinstance(one, dict) else None
        said = one.get("securityFileStatus") if path in asked else None
        if not isinstance(said, dict) or not isinstance(said.get("status"), str):
            continue
        scanners = {
            _word(name, 60): _word(value["status"], 20)
            for name, value in sorted(said.items())[:20]
            if name not in _NOT_SCANNERS and isinstance(value, dict) and isinstance(value.get("status"), str)
        }
        found[str(path)] = {"status": _word(said["status"], 20), "scanners": scanners}
    return found


def _word(said: str, longest: int) -> str:
    """A word of the Hub's as it can be stored and shown, whatever it consists of."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in said[:longest])


class NotAsListed(Exception):
    """What came is not the file that the Hub lists."""


def download(
    asked: Question, file: ManifestFile, *, revision: str, into: IO[bytes], progress: Callable[[int], None]
) -> str:
    """Fetch a file's bytes at a commit and hold them against what is listed.

    Args:
        into: an empty file that can be sought in; what a broken try has left in it is taken out.
        progress: called with the bytes that came, from the beginning again where a try breaks; may raise to stop.

    Returns:
        The SHA-256.

    Raises:
        NotAsListed: its size or its hash is another one, or none is listed.
        HubRefused: the Hub does not give it.
    """
    from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status
    from huggingface_hub.errors import EntryNotFoundError
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public, exported lazily

    if file.size is None or not (file.sha256 or file.git_oid):
        raise NotAsListed("nothing is listed that it could be held against")
    size = file.size
    url = hf_hub_url(asked.repo_id, file.path, repo_type=asked.kind, revision=revision, endpoint=asked.endpoint)
    headers = {**build_hf_headers(token=asked.token or False), **hub.PLAIN}

    def ask() -> tuple[str, str, int]:
        into.seek(0)
        into.truncate()
        sha256, git, came = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False), 0
        try:
            with get_session().stream("GET", url, headers=headers, timeout=asked.timeout) as response:
                hf_raise_for_status(response)
                for chunk in response.iter_raw(CHUNK):
                    came += len(chunk)
                    if came > size:
                        break
                    sha256.update(chunk)
                    git.update(chunk)
                    into.write(chunk)
                    progress(came)
        except EntryNotFoundError:
            raise NotAsListed("the Hub has no such file at this commit") from None
        return sha256.hexdigest(), git.hexdigest(), came

    seconds = max(asked.timeout * hub.PATIENCE, size / SLOWEST)
    sha256, git, came = patiently(ask, asked, limit=size + MAX_ANSWER, seconds=seconds)
    if came != size or (sha256 != file.sha256 if file.sha256 else git != file.git_oid):
        raise NotAsListed("its size or hash is not the one that is listed")
    return sha256
