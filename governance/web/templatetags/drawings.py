"""The lineage of a version as boxes in columns, left to right from what it was made of to what was made of it.

Presentation only: nodes and edges come in, places go out, ``components/lineage.html`` draws them and says the same in
a list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .charts import read
from .words import look_up, plain

BOX_WIDTH, BOX_HEIGHT = 236, 54
GAP_X, GAP_Y = 116, 40
EDGE = 10
WIDEST_LABEL, WIDEST_SECOND = 29, 33
MOST_IN_COLUMN = 8


@dataclass(frozen=True)
class Box:
    """One node. ``x``, ``y`` are its upper left corner in the drawing's own units."""

    key: str
    label: str
    short: str
    second: str
    second_short: str
    url: str
    status: str
    family: str
    note: str
    here: bool
    lit: bool
    x: int
    y: int
    drawn: bool

    @property
    def label_at(self) -> tuple[int, int]:
        return self.x + 14, self.y + 23

    @property
    def second_at(self) -> tuple[int, int]:
        return self.x + 14, self.y + 42


@dataclass(frozen=True)
class Arrow:
    """One edge: its curve, its tip, and the plate that its word stands on."""

    path: str
    tip: str
    label: str
    lit: bool
    plate: tuple[int, int, int]
    word_at: tuple[int, int]


@dataclass(frozen=True)
class Entry:
    """One line of the list that says what the drawing shows."""

    box: Box
    links: tuple[tuple[str, Box], ...]


@dataclass(frozen=True)
class Lineage:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    entries: tuple[Entry, ...]
    left_out: int
    upstream: int
    downstream: int
    wide: bool


def lineage(nodes: Iterable[object], edges: Iterable[object]) -> Lineage:
    """Lay a lineage out.

    Args:
        nodes: mappings or objects with ``key``, ``label``, ``depth`` (0 is the version that the page is about, below 0
            what it was made of, above 0 what was made of it), and where there are any ``second``, ``url``, ``status``
            with its ``family``, ``note``, ``lit``.
        edges: mappings or objects with ``source`` and ``target`` (keys, in the direction in which things were made),
            ``relation`` and where it is so ``lit``. Edges to nodes that are not given are left out.
    """
    columns: dict[int, list[Any]] = {}
    for node in nodes:
        columns.setdefault(int(read(node, "depth") or 0), []).append(node)
    depths = sorted(columns)
    tallest = max((min(len(columns[depth]), MOST_IN_COLUMN) for depth in depths), default=1)
    height = 2 * EDGE + tallest * BOX_HEIGHT + (tallest - 1) * GAP_Y
    boxes: dict[str, Box] = {}
    for column, depth in enumerate(depths):
        lot = columns[depth]
        drawn = min(len(lot), MOST_IN_COLUMN)
        top = (height - drawn * BOX_HEIGHT - (drawn - 1) * GAP_Y) // 2
        for row, node in enumerate(lot):
            place = (EDGE + column * (BOX_WIDTH + GAP_X), top + row * (BOX_HEIGHT + GAP_Y))
            box = box_for(node, place=place, here=depth == 0, drawn=row < drawn)
            boxes.setdefault(box.key, box)
    links = [edge for edge in edges if plain(read(edge, "source")) in boxes and plain(read(edge, "target")) in boxes]
    return Lineage(
        width=2 * EDGE + len(depths) * BOX_WIDTH + max(len(depths) - 1, 0) * GAP_X,
        height=height,
        boxes=tuple(box for box in boxes.values() if box.drawn),
        arrows=arrows_between(boxes, links),
        entries=entries_of(boxes, links),
        left_out=sum(not box.drawn for box in boxes.values()),
        upstream=sum(len(columns[depth]) for depth in depths if depth < 0),
        downstream=sum(len(columns[depth]) for depth in depths if depth > 0),
        wide=len(depths) > 3,
    )


def box_for(node: object, *, place: tuple[int, int], here: bool, drawn: bool) -> Box:
    label, second = plain(read(node, "label")), plain(read(node, "second"))
    return Box(
        key=plain(read(node, "key")) or label,
        label=label,
        short=shortened(label, WIDEST_LABEL),
        second=second,
        second_short=shortened(second, WIDEST_SECOND),
        url=plain(read(node, "url")),
        status=plain(read(node, "status")),
        family=plain(read(node, "family")),
        note=plain(read(node, "note")),
        here=here,
        lit=bool(read(node, "lit")),
        x=place[0],
        y=place[1],
        drawn=drawn,
    )


def shortened(text: str, length: int) -> str:
    """Text cut in the middle: of a repository's name the end tells more than the middle."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[-(length - 1 - head) :]}"


def arrows_between(boxes: dict[str, Box], links: list[object]) -> tuple[Arrow, ...]:
    """Curves between boxes, one for each pair; where several leave or reach one box they spread over its side."""
    words: dict[tuple[str, str], list[str]] = {}
    lit: set[tuple[str, str]] = set()
    for edge in links:
        pair = plain(read(edge, "source")), plain(read(edge, "target"))
        if boxes[pair[0]].drawn and boxes[pair[1]].drawn and boxes[pair[0]].x < boxes[pair[1]].x:
            words.setdefault(pair, []).append(str(look_up(read(edge, "relation"), "relation").label))
            lit |= {pair} if read(edge, "lit") else set()
    made = []
    for source, target in sorted(words, key=lambda pair: (boxes[pair[0]].x, boxes[pair[0]].y, boxes[pair[1]].y)):
        leaving = [boxes[pair[1]] for pair in words if pair[0] == source]
        reaching = [boxes[pair[0]] for pair in words if pair[1] == target]
        x1, y1 = boxes[source].x + BOX_WIDTH, side(boxes[source], boxes[target], leaving)
        x2, y2 = boxes[target].x, side(boxes[target], boxes[source], reaching)
        middle, y = (x1 + x2) // 2, (y1 + y2) // 2
        label = ", ".join(dict.fromkeys(words[source, target]))
        width = 6 * len(label) + 14
        made.append(
            Arrow(
                path=f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2 - 7} {y2}",
                tip=f"M{x2} {y2}l-9-4.5v9z",
                label=label,
                lit=(source, target) in lit,
                plate=(middle - width // 2, y - 10, width),
                word_at=(middle, y + 4),
            )
        )
    return tuple(made)


def side(box: Box, other: Box, others: list[Box]) -> int:
    """The height at which an arrow to ``other`` meets the side of ``box``: nine units apart, around its middle."""
    ordered = sorted(others, key=lambda each: each.y)
    step = min(9, (BOX_HEIGHT - 8) // max(len(ordered), 1))
    place = next(index for index, each in enumerate(ordered) if each is other)
    return box.y + BOX_HEIGHT // 2 + round((place - (len(ordered) - 1) / 2) * step)


def entries_of(boxes: dict[str, Box], links: list[object]) -> tuple[Entry, ...]:
    found: dict[str, list[tuple[str, Box]]] = {key: [] for key in boxes}
    for edge in links:
        word = str(look_up(read(edge, "relation"), "relation").label)
        found[plain(read(edge, "source"))].append((word, boxes[plain(read(edge, "target"))]))
    ordered = sorted(boxes.values(), key=lambda box: box.x)
    return tuple(Entry(box, tuple(found[box.key])) for box in ordered)
