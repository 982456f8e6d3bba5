"""What a snapshot becomes before the database is asked: its digest, its card read, its audit's outcome."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings

from audits import kinds
from audits.cards import CardFinding, ParsedCard
from audits.kinds import card as card_audit
from audits.kinds.base import Kind, Outcome
from audits.services import installed
from governance.catalog import card_reading, manifests, repository_names
from governance.catalog.card_reading import CardAsked, CardRead
from governance.catalog.models import SubjectKind
from governance.catalog.snapshots import Snapshot, SnapshotRefused
from licenses.evidence import CardSeen

CARD_KIND = "card"
FILES_AUDITED = 5000  # names of files that the card's audit is given, in the order of their paths
MAX_LABEL = 80  # characters of a task or a library


@dataclass(frozen=True, slots=True)
class Name:
    """What an entry is unique by."""

    source: str
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Link:
    """A declared origin: the id as the card writes it, and how it is related."""

    kind: str
    repo_id: str
    key: str
    relation: str
    field: str
    declared: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A snapshot with all that follows from it alone. ``duration_ms`` is how long its card's audit took.

    ``shows`` is what the card shows of what licences ask for. ``links`` are the card's links to ids that can be
    anybody's, each relation to each target once.
    """

    snapshot: Snapshot
    digest: str
    parsed: ParsedCard
    outcome: Outcome
    duration_ms: int
    shows: CardSeen | None
    links: tuple[Link, ...]

    @property
    def name(self) -> Name:
        return Name(self.snapshot.source, self.snapshot.kind, repository_names.entry_key(self.snapshot.repo_id))

    @property
    def asked_name(self) -> Name | None:
        """The name that was asked for, where the Hub answered with another."""
        asked = self.snapshot.requested_id
        if asked is None or (key := repository_names.entry_key(asked)) == self.name.key:
            return None
        return Name(self.snapshot.source, self.snapshot.kind, key)

    @property
    def revision(self) -> str:
        """The commit; what has none (a folder, a bare card) is told apart by its digest."""
        return self.snapshot.revision or self.digest

    @property
    def library(self) -> str:
        said = self.parsed.metadata
        return _label(self.snapshot.library, said.get("library_name"), said.get("sdk"))

    @property
    def task(self) -> str:
        said = self.parsed.metadata
        categories = said.get("task_categories")
        first = categories[0] if isinstance(categories, list) and categories else categories
        return _label(self.snapshot.task, said.get("pipeline_tag"), first)

    @property
    def tags(self) -> list[str]:
        if self.snapshot.tags:
            return list(self.snapshot.tags)
        said = self.parsed.metadata.get("tags")
        return [tag[:MAX_LABEL] for tag in said if isinstance(tag, str)][:500] if isinstance(said, list) else []

    def inputs(self) -> dict[str, Any]:
        """What the card's audit reads: the same that a run asked for later would be given."""
        return card_inputs(
            sha256=self.parsed.sha256, kind=self.snapshot.kind, paths=(file.path for file in self.snapshot.files)
        )


def card_inputs(*, sha256: str, kind: str, paths: Iterable[str]) -> dict[str, Any]:
    """The inputs of the audit kind ``card``; files in the order of their paths' code points."""
    return {"card_sha256": sha256, "card_kind": kind, "files": sorted(paths)[:FILES_AUDITED]}


def registered() -> tuple[Kind, dict[str, str]]:
    """The audit kind ``card`` and the versions of the packages it depends on."""
    kind = kinds.get(CARD_KIND)
    return kind, installed(kind.packages)


def asked(snapshot: Snapshot) -> CardAsked:
    """What there is to read of a snapshot.

    Raises:
        SnapshotRefused: the card is not the file that the repository lists.
    """
    if snapshot.card_differs:
        raise SnapshotRefused(
            "card_differs",
            f"the README.md of {snapshot.repo_id} is not the file that the Hub lists at this commit; try again later",
        )
    paths = tuple(file.path for file in snapshot.files)
    return CardAsked(snapshot.card, snapshot.kind, paths, settings.MAX_CARD_BYTES)


def read(snapshot: Snapshot) -> Reading:
    """Read a snapshot's card and audit it. A broken card has findings; none is refused.

    Raises:
        SnapshotRefused: the card is not the file that the repository lists.
    """
    return audited(snapshot, card_reading.read(asked(snapshot)), digest=snapshot.digest)


def audited(snapshot: Snapshot, card: CardRead, *, digest: str) -> Reading:
    """The audit of a card that was read."""
    began = time.perf_counter()
    parsed, shows = card.parsed, card.shows
    if snapshot.card_too_large:
        parsed = _cut(parsed, size=_size_of_card(snapshot))
    outcome = card_audit.outcome(parsed)
    took = round((card.seconds + time.perf_counter() - began) * 1000)
    if shows is not None and snapshot.card_too_large:
        shows = dataclasses.replace(shows, sought="")  # nobody has read it to its end
    return Reading(snapshot, digest, parsed, outcome, took, shows, _links(parsed))


def _links(parsed: ParsedCard) -> tuple[Link, ...]:
    found: dict[tuple[str, str, str], Link] = {}
    for link in parsed.links:
        repo_id = _repo_id(link.target)
        if repo_id is None or link.kind not in SubjectKind.values:
            continue
        key = repository_names.entry_key(repo_id)
        found.setdefault(
            (link.kind, key, link.relation),
            Link(link.kind, repo_id, key, link.relation, link.field[:80], link.declared),
        )
    return tuple(found.values())


def _cut(parsed: ParsedCard, *, size: int | None) -> ParsedCard:
    """The card with the finding that it is only the beginning of one: its source gave no more."""
    if any(finding.code == "card.too_large" for finding in parsed.findings):
        return parsed
    params = {"size": size, "limit": parsed.size}
    findings = (*parsed.findings, CardFinding("card.too_large", "medium", params=params))
    verdict = "warn" if parsed.verdict == "pass" else parsed.verdict
    return dataclasses.replace(parsed, findings=findings, verdict=verdict)


def _size_of_card(snapshot: Snapshot) -> int | None:
    return next((file.size for file in snapshot.files if file.path == manifests.CARD_NAME), None)


def _label(*candidates: object) -> str:
    """The first candidate that is text."""
    return next((text[:MAX_LABEL] for text in candidates if isinstance(text, str) and text), "")


@lru_cache(maxsize=8192)
def _repo_id(target: str) -> str | None:
    try:
        return repository_names.valid_repo_id(target)
    except SnapshotRefused:
        return None
