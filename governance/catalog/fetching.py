"""A version's files, from the Hub or a folder: put into the store, held against what was listed, within a budget.

A request is a row; a message only wakes a worker. What was fetched stays when a worker is lost: the next one goes on
with what is missing. What was not fetched is not there, and blocks whatever has to read it.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone

from audits import blobs
from audits.models import Blob
from audits.work import Lost, Pause, Queue
from governance.catalog import hub, hub_files
from governance.catalog.hub_refusals import HubRefused, Question
from governance.catalog.manifests import ManifestFile
from governance.catalog.models import Assurance, FetchRequest, FetchState, File, HubScan, Version
from governance.catalog.signals import files_fetched
from governance.catalog.snapshots import LISTED, Snapshot

logger = logging.getLogger(__name__)

ATTEMPTS = 5
LEASE = dt.timedelta(minutes=5)
BEAT = 20.0  # seconds between two signs of life while a file comes in
QUEUE = Queue(
    FetchRequest,
    given_up=FetchState.REFUSED,
    lease=LEASE,
    attempts=ATTEMPTS,
    related=("version__entry",),
    pause=Pause(dt.timedelta(seconds=30), longest=dt.timedelta(minutes=30)),
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
OPEN = (FetchState.QUEUED, FetchState.RUNNING)


class FetchRefused(Exception):
    """The files of this version cannot be fetched; ``code`` for programs, the message says how to mend it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


# --- what the Hub's scanners say -----------------------------------------------------------------------------------


def keep_hub_scan(*, version: Version, snapshot: Snapshot, at: dt.datetime) -> HubScan | None:
    """Ask the Hub what its scanners say of a version's files, and keep it where it is not what they said before.

    Returns:
        The row that is current; None where the Hub has said nothing of any file.
    """
    newest = version.hub_scans.order_by("-asked_at", "-pk").first()
    if snapshot.assurance != LISTED or not snapshot.revision:
        return newest
    question = _question(version)
    files = hub_files.scans_of(question, snapshot.files, revision=snapshot.revision)
    if not files or (newest is not None and newest.files == files):
        return newest
    return HubScan.objects.create(version=version, asked_at=at, files=files)


def _question(version: Version) -> Question:
    return hub.question(
        version.entry.repo_id,
        kind=version.entry.kind,
        revision=version.revision,
        endpoint=settings.HF_ENDPOINT,
        token=settings.HF_TOKEN or None,
    )


# --- a folder ------------------------------------------------------------------------------------------------------


def keep_folder(*, version: Version, folder: str, at: dt.datetime) -> int:
    """Store the files of a version that was imported from a folder, so that workers can read them.

    Returns:
        How many were stored now; what is in the store already is not read again.

    Raises:
        FetchRefused: ``changed_since_import``, ``unreadable``, ``over_budget``.
    """
    root = Path(folder).expanduser().resolve()
    missing = missing_files(version)
    if sum(file.size or 0 for file in missing) > settings.MAX_FETCH_BYTES:
        raise FetchRefused(
            "over_budget", f"the files take more than {settings.MAX_FETCH_BYTES:,} bytes; see ASSAY_MAX_FETCH_MB"
        )
    for file in missing:
        try:
            path = (root / file.path).resolve(strict=True)
            if not path.is_relative_to(root):
                raise FetchRefused(
                    "changed_since_import", f"{file.path} leads out of the folder by now; import it again"
                )
            with path.open("rb") as stream:
                kept = blobs.store(
                    stream=stream, media_type="application/octet-stream", max_bytes=file.size or 0, at=at
                )
        except blobs.TooLarge:
            raise FetchRefused("changed_since_import", f"{file.path} has changed since; import it again") from None
        except OSError as problem:
            raise FetchRefused("unreadable", f"cannot keep {file.path}: {problem.strerror}") from None
        if kept.sha256 != file.sha256:
            raise FetchRefused("changed_since_import", f"{file.path} has changed since; import it again")
    return len(missing)


# --- asking --------------------------------------------------------------------------------------------------------


def can_be_fetched(version: Version) -> bool:
    """Whether a version is of the configured Hub, at a commit, and with hashes to hold its files against."""
    return (
        version.assurance != Assurance.CARD_ONLY
        and bool(_COMMIT.fullmatch(version.revision))
        and version.entry.source == hub.source_of(settings.HF_ENDPOINT)
    )


def missing_files(version: Version) -> list[File]:
    """The files of a version whose bytes are not in the store, the smallest first. Two queries."""
    files = list(version.files.order_by("size", "path"))
    known = {file.sha256 for file in files if file.sha256}
    stored = set(Blob.objects.filter(sha256__in=known, erased_at=None).values_list("sha256", flat=True))
    return [file for file in files if file.sha256 not in stored]


# --- doing ---------------------------------------------------------------------------------------------------------


def carry_out(*, request_id: int) -> FetchRequest:
    """Fetch what a request asks for, unless another worker is at it or it is not due."""
    wish = QUEUE.take(request_id)
    if wish is None:
        return QUEUE.read(request_id)
    try:
        return _fetch(wish)
    except HubRefused as refused:
        if refused.passing and not QUEUE.is_last(wish):
            QUEUE.put_back(wish, at_least=refused.retry_after, code=refused.code, message=refused.message)
            wish.refresh_from_db()
            return wish
        return _end(wish, state=FetchState.REFUSED, code=refused.code, message=refused.message)
    except Lost:
        logger.warning("fetch %s: attempt %s no longer holds it", wish.pk, wish.attempt)
        return wish
    except OperationalError:
        raise  # the database is away: the lease runs out, and another attempt is made
    except OSError as full:
        return _end(wish, state=FetchState.REFUSED, code="store_unwritable", message=f"the store: {full.strerror}")
    except Exception:
        logger.exception("fetch %s broke off", wish.pk)
        message = "the fetch broke off by an error of ours; the log of the worker says which"
        return _end(wish, state=FetchState.REFUSED, code="broke_off", message=message)


def _fetch(wish: FetchRequest) -> FetchRequest:
    """File after file, the smallest first, as far as the budget goes; what is not as listed is left out."""
    asked, missing = _question(wish.version), missing_files(wish.version)
    QUEUE.held(wish).update(bytes_known=sum(file.size or 0 for file in missing))
    done = fetched = 0
    reasons: list[str] = []
    for file in missing:
        if file.size is None or done + file.size > settings.MAX_FETCH_BYTES:
            reasons.append(f"{file.path}: over the budget of {settings.MAX_FETCH_BYTES:,} bytes for one version")
            continue
        try:
            _one(wish, asked, file, done)
        except hub_files.NotAsListed as other:
            reasons.append(f"{file.path}: {other}")
            continue
        done, fetched = done + file.size, fetched + 1
    fields = {"bytes_done": done, "fetched": fetched, "left_out": len(reasons)}
    code = "" if not reasons else "some_left_out"
    return _end(wish, state=FetchState.DONE, code=code, message="\n".join(reasons[:20]), **fields)


def _one(wish: FetchRequest, asked: Question, file: File, done: int) -> None:
    heard = time.monotonic()

    def alive(came: int) -> None:
        nonlocal heard
        if time.monotonic() - heard < BEAT:
            return
        heard = time.monotonic()
        QUEUE.renew(wish, bytes_done=done + came)

    row = ManifestFile(file.path, file.size, file.sha256, file.git_oid, file.role)
    with tempfile.TemporaryFile(prefix="assay-fetch-") as draft:
        sha256 = hub_files.download(asked, row, revision=wish.version.revision, into=draft, progress=alive)
        draft.seek(0)
        size = file.size or 0
        blobs.store(stream=draft, media_type="application/octet-stream", max_bytes=size, at=timezone.now())
    QUEUE.renew(wish, bytes_done=done + size)
    if file.sha256 is None:
        # Git's name of it was held against the bytes; this is what the store has it under.
        File.objects.filter(pk=file.pk, sha256=None).update(sha256=sha256)


@transaction.atomic
def _end(wish: FetchRequest, **fields: Any) -> FetchRequest:
    ended = QUEUE.end(wish, **{"code": "", "message": "", **fields})
    wish.refresh_from_db()
    if ended and wish.finished_at is not None:
        files_fetched.send(sender=FetchRequest, version=wish.version, at=wish.finished_at)
    logger.info("fetch %s %s %s", wish.pk, wish.state, wish.code)
    return wish


def sweep(*, wake: Callable[..., bool]) -> int:
    """Take back fetches whose worker is gone, and tell again of those that wait.

    Returns:
        How many were told of.
    """
    QUEUE.take_back(code="gave_up", message="the worker was lost each time; ask again when the workers are well")
    return QUEUE.tell(lambda pk: wake(request_id=pk))
