"""Entities in texts from one tag for each word: O outside, B-TYPE at a beginning, I-TYPE within."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.naming import listed, quoted
from audits.measures.tables.arrow import EMPTY, as_numpy
from audits.measures.tables.refusals import TableRejected, TooManyValues

Codes = npt.NDArray[np.int64]

MOST_TYPES = 1_000
_OUTSIDE, _BEGIN, _INSIDE = 0, 1, 2


class TagUnknown(TableRejected):
    code = "tag_unknown"


class TagsDiffer(TableRejected):
    code = "tags_differ"


@dataclass(frozen=True)
class _Tags:
    """Every tag of some rows in order, shapes (tags,): its row, what it says, and the number of its type."""

    owner: Codes
    prefix: Codes
    kind: Codes


@dataclass(frozen=True)
class Counted:
    """Entities of each row, shapes (rows,): in the reference, predicted, and in both with the same type and ends."""

    wanted: Codes
    predicted: Codes
    shared: Codes


def entities(reference: pa.Array, predicted: pa.Array, *, columns: tuple[str, str]) -> Counted:
    """Count entities row by row.

    An I- that follows no entity of its type begins one. An entity counts as found where type, beginning and end agree.

    Args:
        reference, predicted: tags of a row's words with blanks between them; null has none.
        columns: what the two are called.

    Raises:
        TagUnknown: a tag of another form.
        TagsDiffer: the two have not as many tags in a row where both have any.
        TooManyValues: more than ``MOST_TYPES`` types.

    Source:
        The shared task CoNLL-2003 (Tjong Kim Sang and De Meulder 2003, W03-0419), whose script judges tags so.
    """
    kinds: dict[str, int] = {}
    ours, theirs = (_read(tags, name, kinds) for tags, name in zip((reference, predicted), columns, strict=True))
    rows = len(reference)
    sizes = [np.bincount(side.owner, minlength=rows) for side in (ours, theirs)]
    uneven = int(((sizes[0] != sizes[1]) & (sizes[0] > 0) & (sizes[1] > 0)).sum())
    if uneven:
        raise TagsDiffer(
            f"in {uneven} rows the columns {listed(columns)} have not as many tags; give each word one tag in both"
        )
    found = [_spans(side, len(kinds) or 1) for side in (ours, theirs)]
    pairs = np.concatenate(found)
    _, first, times = np.unique(pairs, axis=0, return_index=True, return_counts=True)
    shared = pairs[first[times == 2], 0]
    counted = (found[0][:, 0], found[1][:, 0], shared)
    return Counted(*(np.bincount(owner, minlength=rows) for owner in counted))


def _read(texts: pa.Array, column: str, kinds: dict[str, int]) -> _Tags:
    parts = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(pc.fill_null(texts, EMPTY)))
    owner = np.asarray(as_numpy(pc.list_parent_indices(parts)), dtype=np.int64)
    encoded = pc.list_flatten(parts).dictionary_encode()
    codes = np.asarray(as_numpy(encoded.indices), dtype=np.int64)
    read = [_tag(tag, column, kinds) for tag in encoded.dictionary.to_pylist()]
    said = np.array(read, dtype=np.int64).reshape(-1, 2)[codes]
    known = said[:, 0] >= 0
    return _Tags(owner[known], said[known, 0], said[known, 1])


def _tag(tag: str, column: str, kinds: dict[str, int]) -> tuple[int, int]:
    """What a tag says and the number of its type; -1 for the nothing that an empty cell has."""
    if tag in ("", "O"):
        return (_OUTSIDE, 0) if tag else (-1, 0)
    prefix, dash, kind = tag.partition("-")
    if prefix not in ("B", "I") or not dash or not kind:
        raise TagUnknown(
            f"column {quoted(column)} has the tag {quoted(tag)}; tags are O, B-TYPE and I-TYPE with blanks between them"
        )
    number = kinds.setdefault(kind, len(kinds))
    if number >= MOST_TYPES:
        raise TooManyValues(column, MOST_TYPES, list(kinds))
    return (_BEGIN if prefix == "B" else _INSIDE), number


def _spans(tags: _Tags, kinds: int) -> Codes:
    """Row, first and last word and type of every entity, shape (entities, 4)."""
    count = len(tags.owner)
    if not count:
        return np.zeros((0, 4), dtype=np.int64)
    fresh = np.append(True, tags.owner[1:] != tags.owner[:-1])
    inside = tags.prefix != _OUTSIDE
    follows = np.append(False, inside[:-1] & (tags.kind[1:] == tags.kind[:-1])) & ~fresh
    begins = inside & ((tags.prefix == _BEGIN) | ~follows)
    stops = np.append(np.flatnonzero(begins | ~inside | fresh), count)
    first = np.flatnonzero(begins)
    last = stops[np.searchsorted(stops, first, side="right")] - 1
    place = np.arange(count) - np.maximum.accumulate(np.where(fresh, np.arange(count), 0))
    return np.stack([tags.owner[first], place[first], place[last], tags.kind[first]], axis=1)
