"""The Hub: one repository at one commit, as a snapshot. It and ``hub_files`` alone reach it.

Works with the Hub's own client, which is imported when the first question is asked: it costs half a second that
the web process must not pay.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import random
import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from governance.catalog import hub_refusals, manifests, repository_names, snapshots, subject_kinds
from governance.catalog.answers import api_answers, snapshot_from_answer
from governance.catalog.hub_refusals import HubRefused, Question
from governance.catalog.manifests import ManifestFile
from governance.catalog.snapshots import Progress, Snapshot, SnapshotRefused

if TYPE_CHECKING:
    from huggingface_hub import HfApi

__all__ = ["HubRefused", "api_answers", "fetch", "patiently", "question", "snapshot_from_answer", "source_of"]

logger = logging.getLogger(__name__)

TIMEOUT = 10.0  # seconds for one connection, or for one piece of an answer
PATIENCE = 6.0  # times the timeout, for one whole answer, however steadily it trickles
TRIES = 3
FIRST_PAUSE = 0.5  # seconds; doubles, and is varied by half so that workers do not come back together
LONGEST_PAUSE = 60.0  # seconds; a Hub that asks for more is not waited for
MAX_ANSWER_BYTES = 64 * 1024 * 1024  # 100,000 files with their hashes take about 30 MB

_Result = TypeVar("_Result")
_TOKEN = re.compile(r"[\x21-\x7e]+")


def source_of(endpoint: str) -> str:
    """How entries of this Hub are marked: ``hub:huggingface.co``, with the port where it is not the usual one.

    Raises:
        HubRefused: ``bad_endpoint``.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise HubRefused("bad_endpoint", "HF_ENDPOINT has to be an address like https://huggingface.co")
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"hub:{host}" if port in (None, usual) else f"hub:{host}:{port}"


def fetch(
    repo_id: str,
    *,
    kind: str,
    revision: str | None = None,
    endpoint: str,
    token: str | None = None,
    timeout: float = TIMEOUT,
    progress: Progress | None = None,
    max_card_bytes: int = snapshots.MAX_CARD_BYTES,
    wait: Callable[[float], None] = time.sleep,
) -> Snapshot:
    """The snapshot of a repository on the Hub: its listing with sizes and hashes, its card and its licence texts, at
    one commit.

    Without a revision the newest commit is taken, resolved once, and everything else is read at that commit. What
    may pass (no connection, 429, 5xx) is tried three times; nothing is kept between calls, so that a call after
    a failure starts clean. A licence text that the Hub does not give is left out: nobody has looked at it.

    Args:
        revision: a commit of 40 hex digits.
        token: sent to the endpoint alone, never to where it redirects.
        timeout: seconds for a connection, and for each piece of an answer.
        progress: called with questions answered and questions to ask.
        wait: pauses between tries.

    Raises:
        SnapshotRefused: ``bad_repo_id``, ``unknown_kind``, ``revision_must_be_commit_sha``, ``bad_listing``,
            ``bad_file_name``, ``too_many_files``.
        HubRefused: ``repository_not_found``, ``gated``, ``revision_not_found``, ``repository_disabled``,
            ``token_refused``, ``rate_limited``, ``hub_unreachable``, ``hub_timeout``, ``hub_error``,
            ``not_a_hub_answer``, ``bad_endpoint``.
    """
    asked = question(repo_id, kind=kind, revision=revision, endpoint=endpoint, token=token, timeout=timeout, wait=wait)
    report = progress or (lambda done, known: None)
    report(0, 2)
    snapshot = _repository(asked)
    listed = [] if snapshot.assurance == snapshots.CARD_ONLY else snapshot.files
    texts = snapshots.texts_among((file.path, file.size, file.role) for file in listed)
    report(1, 2 + len(texts))
    snapshot = _with_card(snapshot, asked, max_card_bytes=max_card_bytes)
    report(2, 2 + len(texts))
    if texts:
        snapshot = _with_texts(snapshot, asked, texts)
        report(2 + len(texts), 2 + len(texts))
    return snapshot


def question(
    repo_id: str,
    *,
    kind: str,
    revision: str | None,
    endpoint: str,
    token: str | None = None,
    timeout: float = TIMEOUT,
    wait: Callable[[float], None] = time.sleep,
) -> Question:
    """What is to be asked of a Hub about one repository, in its normal form.

    Raises:
        SnapshotRefused: ``bad_repo_id``, ``unknown_kind``, ``revision_must_be_commit_sha``.
        HubRefused: ``bad_endpoint``, ``token_refused``.
    """
    asked = Question(
        repo_id=repository_names.valid_repo_id(repo_id),
        kind=subject_kinds.valid_kind(kind),
        sha=None if revision is None else repository_names.valid_commit(revision),
        endpoint=endpoint.rstrip("/"),
        source=source_of(endpoint),
        token=token or None,
        timeout=timeout,
        wait=wait,
    )
    if asked.token and not _TOKEN.fullmatch(asked.token):
        raise HubRefused("token_refused", "HF_TOKEN holds characters that no token has, such as a space or a line end")
    return asked


def _repository(asked: Question) -> Snapshot:
    """What the Hub lists at the commit that was asked for, or else at the newest."""
    api = _client(asked)

    def repository(**detail: Any) -> dict[str, Any]:
        return _as_answer(
            api.repo_info(asked.repo_id, repo_type=asked.kind, revision=asked.sha, timeout=asked.timeout, **detail)
        )

    def ask() -> dict[str, Any]:
        try:
            return repository(files_metadata=True)
        except (AttributeError, KeyError, TypeError):
            # The client builds objects of a card's metadata and stumbles over some that the Hub itself stores.
            # What can be asked without the metadata comes without sizes and hashes, but with every file's name.
            return repository(expand=_WITHOUT_METADATA[asked.kind])

    answer = patiently(ask, asked, limit=MAX_ANSWER_BYTES)
    try:
        snapshot = snapshot_from_answer(answer, kind=asked.kind, source=asked.source)
    except SnapshotRefused as refused:
        if refused.code not in ("bad_repo_id", "revision_must_be_commit_sha"):
            raise
        raise hub_refusals.no_hub_answer(asked, f"names itself wrongly: {refused.message}") from None
    if snapshot.revision is None:
        raise hub_refusals.no_hub_answer(asked, "names no commit")
    if asked.sha not in (None, snapshot.revision):
        raise hub_refusals.no_hub_answer(asked, f"names commit {snapshot.revision} where {asked.sha} was asked")
    renamed = snapshot.repo_id != asked.repo_id
    return dataclasses.replace(snapshot, requested_id=asked.repo_id) if renamed else snapshot


_OF_ALL_KINDS = ["sha", "siblings", "lastModified", "private", "likes", "tags"]
_WITHOUT_METADATA = {
    "model": [*_OF_ALL_KINDS, "gated", "downloads", "pipeline_tag", "library_name"],
    "dataset": [*_OF_ALL_KINDS, "gated", "downloads"],
    "space": _OF_ALL_KINDS,
}


def _as_answer(info: Any) -> dict[str, Any]:
    """The client's object of a repository back in the shape that the API gives."""
    siblings = [
        {
            "rfilename": file.rfilename,
            "size": file.size,
            "blobId": file.blob_id,
            "lfs": {"sha256": file.lfs.sha256, "size": file.lfs.size} if file.lfs else None,
        }
        for file in info.siblings or ()
    ]
    return {
        "id": info.id,
        "sha": info.sha,
        "siblings": siblings,
        "lastModified": info.last_modified.isoformat() if info.last_modified else None,
        "library_name": getattr(info, "library_name", None),
        "pipeline_tag": getattr(info, "pipeline_tag", None),
        "tags": info.tags,
        "private": info.private,
        "gated": getattr(info, "gated", None),
        "downloads": getattr(info, "downloads", None),
        "likes": info.likes,
    }


def _with_card(snapshot: Snapshot, asked: Question, *, max_card_bytes: int) -> Snapshot:
    """The snapshot with its README.md at its own commit, or as it was where the repository has none."""
    rows = {file.path: file for file in snapshot.files}
    if rows and manifests.CARD_NAME not in rows:
        return snapshot
    card = _content(snapshot, asked, manifests.CARD_NAME, most=max_card_bytes)
    if card is None:
        return snapshot
    too_large = len(card) > max_card_bytes
    row = rows.get(manifests.CARD_NAME)
    differs = row is not None and not too_large and not is_content_of(row, card)
    if differs:
        logger.warning("%s at %s: README.md is not the file that is listed", asked.subject, snapshot.revision)
    files = snapshot.files
    if snapshot.assurance == snapshots.CARD_ONLY and not too_large:
        digest = hashlib.sha256(card).hexdigest()
        rows[manifests.CARD_NAME] = ManifestFile(manifests.CARD_NAME, len(card), digest, None, manifests.CARD)
        files = tuple(rows.values())
    return dataclasses.replace(
        snapshot, files=files, card=card[:max_card_bytes], card_too_large=too_large, card_differs=differs
    )


def _with_texts(snapshot: Snapshot, asked: Question, paths: Sequence[str]) -> Snapshot:
    """The snapshot with those of the licence texts that the Hub gives as it lists them."""
    rows = {file.path: file for file in snapshot.files}
    texts = []
    for path in paths:
        try:
            content = _content(snapshot, asked, path, most=snapshots.MAX_TEXT_BYTES)
        except HubRefused as refused:
            # They are wanted, not needed; and a Hub that fails here would be waited for once more with each.
            logger.warning("%s: %s is not looked at: %s", asked.subject, path, refused.code)
            break
        if content is None or len(content) > snapshots.MAX_TEXT_BYTES or not is_content_of(rows[path], content):
            logger.warning("%s at %s: %s is not the file that is listed", asked.subject, snapshot.revision, path)
            continue
        texts.append((path, content))
    return dataclasses.replace(snapshot, texts=tuple(texts))


def _content(snapshot: Snapshot, asked: Question, path: str, *, most: int) -> bytes | None:
    """A file at the snapshot's commit, cut off beyond ``most`` bytes; None where the repository has none."""
    from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status
    from huggingface_hub.errors import EntryNotFoundError
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public, exported lazily

    url = hf_hub_url(snapshot.repo_id, path, repo_type=asked.kind, revision=snapshot.revision, endpoint=asked.endpoint)
    headers = {**build_hf_headers(token=asked.token or False), **PLAIN}

    def ask() -> bytes | None:
        content = bytearray()
        try:
            with get_session().stream("GET", url, headers=headers, timeout=asked.timeout) as response:
                hf_raise_for_status(response)
                for chunk in response.iter_raw(65536):
                    content += chunk
                    if len(content) > most:
                        break
        except EntryNotFoundError:
            return None
        return bytes(content)

    return patiently(ask, asked, limit=most + MAX_ANSWER_BYTES)


def is_content_of(row: ManifestFile, content: bytes) -> bool:
    """Whether the content has the hash that the listing gives; true where it gives none that we can make."""
    if row.sha256:
        return hashlib.sha256(content).hexdigest() == row.sha256
    if row.git_oid and len(row.git_oid) == 40:
        blob = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
        blob.update(content)
        return blob.hexdigest() == row.git_oid
    return True


# Sizes are counted as they come over the wire, so nothing may be packed: a packed answer can be a bomb.
PLAIN = {"Accept-Encoding": "identity"}


def _client(asked: Question) -> HfApi:
    # Read once, when the client is imported. It neither reports on us nor looks for a token at home; its own
    # remarks on a card's metadata are left to the card's audit.
    os.environ.update({"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"})
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    from huggingface_hub import HfApi

    return HfApi(endpoint=asked.endpoint, token=asked.token or False, headers=dict(PLAIN))


def patiently(ask: Callable[[], _Result], asked: Question, *, limit: int, seconds: float | None = None) -> _Result:
    """Ask up to three times, as long as what comes back may pass.

    Args:
        limit: bytes of one answer.
        seconds: for one answer; ``PATIENCE`` times the timeout where nothing is said.

    Raises:
        HubRefused: the last of the refusals.
    """
    import httpx2
    from huggingface_hub import get_session

    from governance.catalog.hub_bounds import Unbounded, bounded

    # What the client's own code raises over an answer of another shape, or one that is nested without end.
    stumbles = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
    pause = FIRST_PAUSE
    for tries_left in reversed(range(TRIES)):
        try:
            with bounded(get_session(), limit=limit, seconds=seconds or asked.timeout * PATIENCE):
                return ask()
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, Unbounded, *stumbles) as error:
            # The client's errors carry the request, and with it the token: none of them goes further.
            refused = _refusal(error, asked)
        varied = random.SystemRandom().uniform(pause / 2, pause * 1.5)
        rest = varied if refused.retry_after is None else refused.retry_after
        if not refused.passing or not tries_left or rest > LONGEST_PAUSE:
            raise refused
        logger.info("%s: %s; asking again in %.1f s", asked.subject, refused.code, rest)
        asked.wait(rest)
        pause *= 2
    raise AssertionError("the last try answers or refuses")


def _refusal(error: Exception, asked: Question) -> HubRefused:
    """The refusal that an error of the client amounts to."""
    import httpx2
    from huggingface_hub import errors

    from governance.catalog.hub_bounds import TooSlow, Unbounded

    if isinstance(error, errors.HfHubHTTPError):
        return _http_refusal(error, asked)
    if isinstance(error, errors.HFValidationError):
        return HubRefused("bad_repo_id", f"the Hub's client does not accept the id {asked.repo_id}; check its spelling")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return HubRefused("hub_unreachable", "HF_HUB_OFFLINE is set, so the Hub is not asked; unset it to import")
    if isinstance(error, httpx2.TimeoutException | TooSlow):
        return hub_refusals.timed_out(asked)
    if isinstance(error, httpx2.TransportError) and not isinstance(
        error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError
    ):
        return hub_refusals.unreachable(asked, type(error).__name__)
    why = str(error) if isinstance(error, Unbounded) else f"cannot be read ({type(error).__name__})"
    return hub_refusals.no_hub_answer(asked, why)


def _http_refusal(error: Any, asked: Question) -> HubRefused:
    """The refusal for an error that the Hub answered with; the client has read its ``X-Error-Code``."""
    from huggingface_hub import errors
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]  # public, exported lazily

    response = error.response
    # A gated repository is to the client a kind of repository not found.
    for kind, word in (
        (errors.GatedRepoError, hub_refusals.gated),
        (errors.RepositoryNotFoundError, hub_refusals.not_found),
        (errors.RevisionNotFoundError, hub_refusals.revision_not_found),
        (errors.DisabledRepoError, hub_refusals.disabled),
    ):
        if isinstance(error, kind):
            return word(asked, status=response.status_code)
    window = parse_ratelimit_headers(response.headers)
    used_up = window is not None and window.remaining == 0
    seconds = float(window.reset_in_seconds) if window and used_up else hub_refusals.seconds_to_wait(response.headers)
    return hub_refusals.by_status(asked, status=response.status_code, retry_after=seconds)
