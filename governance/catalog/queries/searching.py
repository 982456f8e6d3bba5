"""Looking through the catalogue, page by page."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from audits.models import Finding, Run, RunState
from governance.catalog.models import Entry, Version
from governance.catalog.queries.names import SHA, entries_seen_by
from governance.catalog.readings import CARD_KIND
from governance.catalog.repository_names import entry_key
from governance.people.models import User

PAGE, MOST = 50, 200
COUNTED = 1000  # matches beyond which the total is only "more"
BEGINNING = re.compile(r"[0-9a-fA-F]{6,64}")  # the beginning of a commit or digest
LONGEST_TEXT, MOST_WORDS = 200, 8
NONE = "none"  # a filter's word for "not said"

# By what a page is ordered: names of fields or annotations, "-" for descending; each ends at a unique column.
ORDERS: Mapping[str, tuple[str, ...]] = {
    "relevance": ("rank", "key", "pk"),
    "name": ("key", "pk"),
    "newest": ("-latest__imported_at", "-pk"),
}


class BadCursor(ValueError):
    """The cursor is not one of ours, or belongs to another order."""


@dataclass(frozen=True)
class Filters:
    """What is looked for. Empty means everything.

    ``text`` is matched word by word against the id, similar spellings included; a commit or digest, or six
    digits of its beginning, finds its entry.
    ``license`` and ``task`` are those of the newest version, ``none`` for those that say none. ``card`` is the
    verdict of its card's audit: pass, warn or fail. ``catalogued`` False shows the names that nobody has imported,
    None both. ``among`` narrows to entries that another room knows of.
    """

    text: str = ""
    kind: str = ""
    license: str = ""
    task: str = ""
    card: str = ""
    catalogued: bool | None = True
    among: QuerySet[Entry] | None = None


@dataclass(frozen=True)
class Row:
    """An entry as a list shows it. ``score`` in [0, 1], ``findings`` by severity: of its newest version's card."""

    entry: Entry
    score: float | None
    verdict: str
    findings: Mapping[str, int] = field(default_factory=dict)

    @property
    def version(self) -> Version | None:
        return self.entry.latest


@dataclass(frozen=True)
class Page:
    """Rows in order, cursors to the neighbours (empty at the ends), and how many matches there are.

    ``total`` counts up to ``COUNTED``; ``more`` says that there are more than that.
    """

    rows: Sequence[Row]
    next: str
    previous: str
    order: tuple[str, ...]
    total: int
    more: bool


def search(
    *, user: User | None, filters: Filters | None = None, sort: str = "", cursor: str = "", limit: int = PAGE
) -> Page:
    """A page of the catalogue as a person sees it. Four queries at most: entries, total, card audits, their findings.

    Args:
        sort: a key of ``ORDERS``; with a text the best match first, else by name.
        cursor: ``next`` or ``previous`` of a page with the same filters and sort.
        limit: rows of a page, at most ``MOST``.

    Raises:
        BadCursor: the cursor is none of ours.
        ValueError: there is no such order.
    """
    filters = filters or Filters()
    sort = sort or ("relevance" if filters.text.strip() else "name")
    if sort not in ORDERS:
        raise ValueError(f"there is no order {sort[:40]!r}; there are {', '.join(ORDERS)}")
    if sort == "newest" and filters.catalogued is not True:
        sort = "name"  # a mere name was never imported
    matches = _matching(entries_seen_by(user), filters)
    order = ORDERS[sort]
    after, backwards = _decode(cursor, sort) if cursor else (None, False)
    limit = max(1, min(limit, MOST))
    ordered = matches if after is None else matches.filter(_beyond(order, after, backwards=backwards))
    listed = [name if name[0] != "-" else name[1:] for name in order]
    turned = [_turn(name) if backwards else name for name in order]
    entries = list(ordered.select_related("latest", "team").order_by(*turned)[: limit + 1])
    is_more, entries = len(entries) > limit, entries[:limit]
    if backwards:
        entries.reverse()
    has_next, has_previous = (bool(entries), is_more) if backwards else (is_more, after is not None)
    total = matches.order_by()[: COUNTED + 1].count()
    return Page(
        rows=_rows(entries),
        next=_encode(sort, listed, entries[-1], backwards=False) if has_next and entries else "",
        previous=_encode(sort, listed, entries[0], backwards=True) if has_previous and entries else "",
        order=order,
        total=min(total, COUNTED),
        more=total > COUNTED,
    )


# --- what matches ------------------------------------------------------------------------------------------------


def _matching(entries: QuerySet[Entry], filters: Filters) -> QuerySet[Entry]:
    if filters.catalogued is not None:
        entries = entries.filter(latest__isnull=not filters.catalogued)
    if filters.kind:
        entries = entries.filter(kind=filters.kind)
    if filters.license:
        said = [] if filters.license == NONE else [filters.license]
        entries = entries.filter(**{"latest__licenses" if not said else "latest__licenses__contains": said})
    if filters.task:
        entries = entries.filter(latest__task="" if filters.task == NONE else filters.task)
    if filters.card:
        audits = Run.objects.filter(
            subject_digest=OuterRef("latest__digest"), kind=CARD_KIND, state=RunState.SUCCEEDED, verdict=filters.card
        )
        entries = entries.filter(Exists(audits))
    if filters.among is not None:
        entries = entries.filter(pk__in=filters.among.values("pk"))
    return _with_text(entries, filters.text)


def _with_text(entries: QuerySet[Entry], text: str) -> QuerySet[Entry]:
    text = text.replace("\0", "").strip()[:LONGEST_TEXT]
    if SHA.fullmatch(text):
        versions = Version.objects.filter(Q(revision=text) | Q(digest=text))
        return entries.filter(pk__in=versions.values("entry_id")).annotate(rank=Value(0))
    if BEGINNING.fullmatch(text):
        # Hexadecimal digits may begin a name as well: both are found, the versions first.
        begins = Q(revision__startswith=text.lower()) | Q(digest__startswith=text.lower())
        named = Q(pk__in=Version.objects.filter(begins).values("entry_id"))
        first_named = Case(When(named, then=Value(0)), default=Value(1), output_field=IntegerField())
        return entries.filter(named | Q(key__contains=entry_key(text))).annotate(rank=first_named)
    words = entry_key(text).split()[:MOST_WORDS]
    if not words:
        return entries.annotate(rank=Value(0))
    # Both conditions are served by the index of trigrams on the key.
    similar = [Q(key__contains=word) | Q(key__trigram_word_similar=word) for word in words]
    whole, first = " ".join(words), words[0]
    rank: Combinable = Case(
        When(key=whole, then=Value(0)),
        When(Q(key__startswith=first) | Q(key__contains=f"/{first}"), then=Value(1)),
        When(reduce(and_, (Q(key__contains=word) for word in words)), then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return entries.filter(reduce(and_, similar)).annotate(rank=rank)


def _rows(entries: Sequence[Entry]) -> list[Row]:
    digests = [entry.latest.digest for entry in entries if entry.latest is not None]
    audits = card_audits(digests)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    found = Finding.objects.filter(run__in=[run.pk for run in audits.values()]).order_by()
    for run_id, severity, number in found.values_list("run_id", "severity").annotate(number=Count("pk")):
        counts[run_id][severity] = number
    rows = []
    for entry in entries:
        run = audits.get(entry.latest.digest) if entry.latest is not None else None
        score = run.summary.get("card_score") if run is not None else None
        rows.append(Row(entry, score, run.verdict if run else "", counts[run.pk] if run else {}))
    return rows


def card_audits(digests: Sequence[str]) -> dict[str, Run]:
    """The newest succeeded audit of each version's card, by the version's digest. One query."""
    runs = (
        Run.objects.filter(subject_digest__in=digests, kind=CARD_KIND, state=RunState.SUCCEEDED)
        .order_by("subject_digest", "-requested_at", "-pk")
        .distinct("subject_digest")
    )
    return {run.subject_digest: run for run in runs}


# --- pages ---------------------------------------------------------------------------------------------------------


def _turn(name: str) -> str:
    return name[1:] if name[0] == "-" else f"-{name}"


def _beyond(order: Sequence[str], after: Sequence[Any], *, backwards: bool) -> Q:
    """Rows that come after a row, in an order by several columns."""
    alternatives = []
    same = Q()
    for name, value in zip(order, after, strict=True):
        column, descending = name.lstrip("-"), (name[0] == "-") != backwards
        alternatives.append(same & Q(**{f"{column}__{'lt' if descending else 'gt'}": value}))
        same &= Q(**{column: value})
    return reduce(or_, alternatives)


def _encode(sort: str, columns: Sequence[str], entry: Entry, *, backwards: bool) -> str:
    values = [_value(entry, column) for column in columns]
    text = json.dumps([sort, "<" if backwards else ">", *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _value(entry: Entry, column: str) -> Any:
    if column == "latest__imported_at":
        return entry.latest.imported_at.isoformat() if entry.latest is not None else None
    return getattr(entry, column)


def _decode(cursor: str, sort: str) -> tuple[list[Any], bool]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        read = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)) if len(cursor) < 2000 else None
        if not isinstance(read, list) or read[:1] != [sort] or read[1] not in "<>":
            raise ValueError
        columns = [name.lstrip("-") for name in ORDERS[sort]]
        values = [_READ[column](value) for column, value in zip(columns, read[2:], strict=True)]
    except (ValueError, TypeError, IndexError, KeyError, binascii.Error, RecursionError) as bad:
        raise BadCursor("take the cursor from next or previous as it is, with the same sort") from bad
    return values, read[1] == "<"


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise ValueError
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError
    return value


def _moment(value: Any) -> dt.datetime:
    moment = dt.datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment


_READ = {"rank": _whole, "key": _text, "pk": _number, "latest__imported_at": _moment}


def choices(*, user: User | None, column: str, most: int = 100) -> list[tuple[str, int]]:
    """The licences or tasks of what a person sees, the most frequent first: for filters. One query.

    Last, and beyond ``most``, comes ``NONE`` with the number of entries that say no licence, if there are any.

    Args:
        column: ``license`` or ``task``.
    """
    entries = entries_seen_by(user).filter(latest__isnull=False)
    if column == "task":
        counted = entries.exclude(latest__task="").values_list("latest__task").annotate(n=Count("pk"))
        return [(task, number) for task, number in counted.order_by("-n", "latest__task")[:most]]
    licenses: dict[str, int] = defaultdict(int)
    unsaid = 0
    for said, number in entries.values_list("latest__licenses").annotate(n=Count("pk")):
        unsaid += 0 if said else number
        for one in said:
            licenses[one] += number
    frequent = sorted(licenses.items(), key=lambda item: (-item[1], item[0]))[:most]
    return [*frequent, (NONE, unsaid)] if unsaid else frequent
