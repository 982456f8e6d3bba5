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

BOX_WIDTH, BOX_HEIGHT = 220, 54
GAP_X, GAP_Y = 132, 40
EDGE = 10
WIDEST_LABEL, WIDEST_SECOND = 29, 33
# Three columns share the room that there is; with more the drawing keeps its own width and is scrolled.
NARROW_LABEL = 22
MOST_IN_COLUMN = 8


@dataclass(frozen=True)
class Box:
    """One node. ``x``, ``y`` are its upper left corner on a sheet that is ``sheet`` units wide.

    Across, the sheet is stretched to the room that there is, so places are given in per cent; down, units are pixels.
    """

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
    open: bool
    x: int
    y: int
    drawn: bool
    sheet: int = 0

    @property
    def left(self) -> str:
        return percent(self.x, self.sheet)

    @property
    def width(self) -> str:
        return percent(BOX_WIDTH, self.sheet)


@dataclass(frozen=True)
class Arrow:
    """One edge from ``left`` over ``span`` per cent of the sheet: its curve, where its tip is, and its word's plate."""

    path: str
    left: str
    span: str
    tip: tuple[str, int]
    label: str
    lit: bool
    open: bool
    middle: tuple[str, int]
    plate: int

    @property
    def half(self) -> int:
        return self.plate // 2


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
    columns: int


def lineage(nodes: Iterable[object], edges: Iterable[object]) -> Lineage:
    """Lay a lineage out.

    Args:
        nodes: mappings or objects with ``key``, ``label``, ``depth`` (0 is the version that the page is about, below 0
            what it was made of, above 0 what was made of it), and where there are any ``second``, ``url``, ``status``
            with its ``family``, ``note``, ``lit`` (on the path under discussion), ``open`` (hardly anything is known).
        edges: mappings or objects with ``source`` and ``target`` (keys, in the direction in which things were made),
            ``relation`` and where it is so ``lit``, ``open``, ``mark`` (a number of the path, before the word). Edges
            to nodes that are not given are left out.
    """
    columns: dict[int, list[Any]] = {}
    for node in nodes:
        columns.setdefault(int(read(node, "depth") or 0), []).append(node)
    edges = list(edges)
    _untangle(columns, edges)
    depths = sorted(columns)
    tallest = max((min(len(columns[depth]), MOST_IN_COLUMN) for depth in depths), default=1)
    height = 2 * EDGE + tallest * BOX_HEIGHT + (tallest - 1) * GAP_Y
    sheet = 2 * EDGE + len(depths) * BOX_WIDTH + max(len(depths) - 1, 0) * GAP_X
    widest = WIDEST_LABEL if len(depths) < 3 else NARROW_LABEL
    boxes: dict[str, Box] = {}
    for column, depth in enumerate(depths):
        lot = columns[depth]
        drawn = min(len(lot), MOST_IN_COLUMN)
        top = (height - drawn * BOX_HEIGHT - (drawn - 1) * GAP_Y) // 2
        for row, node in enumerate(lot):
            place = (EDGE + column * (BOX_WIDTH + GAP_X), top + row * (BOX_HEIGHT + GAP_Y))
            box = box_for(node, place=place, here=depth == 0, drawn=row < drawn, sheet=sheet, widest=widest)
            boxes.setdefault(box.key, box)
    links = [edge for edge in edges if plain(read(edge, "source")) in boxes and plain(read(edge, "target")) in boxes]
    return Lineage(
        width=sheet,
        height=height,
        boxes=tuple(box for box in boxes.values() if box.drawn),
        arrows=arrows_between(boxes, links),
        entries=entries_of(boxes, links),
        left_out=sum(not box.drawn for box in boxes.values()),
        upstream=sum(len(columns[depth]) for depth in depths if depth < 0),
        downstream=sum(len(columns[depth]) for depth in depths if depth > 0),
        columns=len(depths),
    )


def _untangle(columns: dict[int, list[Any]], edges: list[object]) -> None:
    """Put each column in the order of what it leads to or comes from, from the middle outwards: fewer edges cross."""
    beside: dict[str, list[str]] = {}
    for edge in edges:
        source, target = plain(read(edge, "source")), plain(read(edge, "target"))
        beside.setdefault(source, []).append(target)
        beside.setdefault(target, []).append(source)
    placed: dict[str, float] = {}

    def height(node: object) -> float:
        heights = [placed[other] for other in beside.get(_key_of(node), ()) if other in placed]
        return sum(heights) / len(heights) if heights else 0.5

    for depth in sorted(columns, key=abs):
        lot = columns[depth]
        if depth:
            # What stands in the list only is chosen by the order that was given.
            lot[:MOST_IN_COLUMN] = sorted(lot[:MOST_IN_COLUMN], key=height)
        for row, node in enumerate(lot):
            placed.setdefault(_key_of(node), (row + 0.5) / len(lot))


def _key_of(node: object) -> str:
    return plain(read(node, "key")) or plain(read(node, "label"))


def box_for(
    node: object, *, place: tuple[int, int], here: bool, drawn: bool, sheet: int, widest: int = WIDEST_LABEL
) -> Box:
    label, second = plain(read(node, "label")), plain(read(node, "second"))
    return Box(
        key=plain(read(node, "key")) or label,
        label=label,
        short=shortened(label, widest),
        second=second,
        second_short=shortened(second, widest + WIDEST_SECOND - WIDEST_LABEL),
        url=plain(read(node, "url")),
        status=plain(read(node, "status")),
        family=plain(read(node, "family")),
        note=plain(read(node, "note")),
        here=here,
        lit=bool(read(node, "lit")),
        open=bool(read(node, "open")),
        x=place[0],
        y=place[1],
        drawn=drawn,
        sheet=sheet,
    )


def percent(part: float, whole: int) -> str:
    """A place across the sheet, as SVG takes it whatever the reader's language."""
    return f"{100 * part / whole:.2f}%" if whole else "0%"


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
    known: set[tuple[str, str]] = set()
    marks: dict[tuple[str, str], str] = {}
    for edge in links:
        pair = plain(read(edge, "source")), plain(read(edge, "target"))
        if boxes[pair[0]].drawn and boxes[pair[1]].drawn and boxes[pair[0]].x < boxes[pair[1]].x:
            words.setdefault(pair, []).append(str(look_up(read(edge, "relation"), "relation").label))
            lit |= {pair} if read(edge, "lit") else set()
            known |= set() if read(edge, "open") else {pair}
            marks[pair] = marks.get(pair) or plain(read(edge, "mark"))
    made = []
    for source, target in sorted(words, key=lambda pair: (boxes[pair[0]].x, boxes[pair[0]].y, boxes[pair[1]].y)):
        leaving = [boxes[pair[1]] for pair in words if pair[0] == source]
        reaching = [boxes[pair[0]] for pair in words if pair[1] == target]
        x1, y1 = boxes[source].x + BOX_WIDTH, side(boxes[source], boxes[target], leaving)
        x2, y2 = boxes[target].x, side(boxes[target], boxes[source], reaching)
        words_here = ", ".join(dict.fromkeys(words[source, target]))
        label = f"{marks[source, target]} {words_here}".strip()
        sheet = boxes[source].sheet
        made.append(
            Arrow(
                # Across in hundredths of the way, down in the sheet's own units: the way stretches, the text does not.
                path=f"M0 {y1}C50 {y1} 50 {y2} 100 {y2}",
                left=percent(x1, sheet),
                span=percent(x2 - x1, sheet),
                tip=(percent(x2, sheet), y2),
                label=label,
                lit=(source, target) in lit,
                open=(source, target) not in known,
                middle=(percent((x1 + x2) / 2, sheet), (y1 + y2) // 2),
                plate=7 * len(label) + 12,
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
