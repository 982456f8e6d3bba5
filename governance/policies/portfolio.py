"""What policies are held against: approvals in force and open submissions.

They belong to rooms above, which register here how theirs are found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from governance.catalog.models import UseCase, Version
from governance.people.models import User
from governance.policies.evaluation import VoteFact

READ_AT_ONCE = 500
_T = TypeVar("_T")


@dataclass(frozen=True)
class Item:
    """One approval or submission, with what decides about it beside the facts. ``verdict`` is that of now; of an
    approval, ``closed_by`` are the policies that alone close it now.

    ``facts`` are those that its room keeps up to date; without them they are read anew.
    """

    what: str
    number: int
    version: Version
    use_case: UseCase
    stage: str
    verdict: str
    votes: Sequence[VoteFact]
    round: int
    granted_under: tuple[str, ...] = ()
    closed_by: frozenset[str] = frozenset()
    facts: Mapping[str, Any] | None = None


class Source(Protocol):
    """A room that has approvals or submissions."""

    def items(self, *, at: dt.datetime) -> Iterator[Item]:
        """All that are in force or open, in the order of their numbers, read piece by piece."""

    def one(self, *, number: int, user: User) -> Item | None:
        """One submission as it stands, open or not, where the person may see it."""


_sources: list[Source] = []


def register(source: Source) -> None:
    if source not in _sources:
        _sources.append(source)


def items(*, at: dt.datetime) -> Iterator[Item]:
    """Every approval in force and every open submission."""
    for source in _sources:
        yield from source.items(at=at)


def pieces(*, at: dt.datetime) -> Iterator[list[Item]]:
    """The same in lists of at most ``READ_AT_ONCE``, so that facts are read for many together."""
    return batched(items(at=at), READ_AT_ONCE)


def batched(rows: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Rows in lists of a size, the last one shorter."""
    rest = iter(rows)
    while piece := list(islice(rest, size)):
        yield piece


def submission(*, number: int, user: User) -> Item | None:
    """A submission by its number, where the person may see it."""
    found = (source.one(number=number, user=user) for source in _sources)
    return next((item for item in found if item is not None), None)
