"""What is known of a work's files, card, name and records.

The engine says what is asked, ``states`` what of it can be seen here. A state is one of three: ``met`` (it stands
there), ``open`` (it was looked for and is not there) and ``unseen`` (nobody looked, or a text could not be
recognised). Absence is claimed only where somebody looked: every field of ``Evidence`` is None until then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from licenses import catalogue, texts
from licenses.catalogue import Licence

MET, OPEN, UNSEEN = "met", "open", "unseen"

_COPYRIGHT = re.compile(
    r"copyright[\s:]*(?:(?:©|\(c\))\s*\w|[\s:,]*(?:19|20)\d\d)|©\s*\w|\(c\)\s*(?:19|20)\d\d", re.IGNORECASE
)
# A text that is about a part of the work by its own name says nothing against the licence of the whole.
_PART = re.compile(r"code|third|3rd|vendor|dependenc", re.IGNORECASE)
_LINES, _WIDTH = 20, 200


@dataclass(frozen=True)
class FoundText:
    """A licence file of the work: where it is, its fingerprint, the row it is (``""``: none), its copyright lines.

    One that is there and that nobody has read has no fingerprint.
    """

    path: str
    fingerprint: str
    licence: str = ""
    copyright: tuple[str, ...] = ()

    @property
    def of_the_whole(self) -> bool:
        """At the root or in a folder ``LICENSES``, and not named after a part such as the code."""
        path = PurePosixPath(self.path)
        at_root = len(path.parts) == 1 or path.parts[0].upper() == "LICENSES"
        return at_root and _PART.search(path.name) is None


@dataclass(frozen=True)
class Record:
    """What a public record says about the work's licence: the Hub's tag, an API answer, a curated list, a commit."""

    source: str
    license: Any = None
    license_name: Any = None


@dataclass(frozen=True)
class CardSeen:
    """What was seen in a card on the day that it was read, where its text is not at hand.

    ``badges`` are the cells of the licence table whose words stand in it, ``sought`` tells which were looked for
    (``badges_digest`` of that day; empty where the card was not read to its end).
    """

    badges: tuple[str, ...] = ()
    sought: str = ""
    copyright: bool = False


@dataclass(frozen=True)
class Evidence:
    """What is known of a work's files, card, name and records. None: nobody looked; empty: looked, nothing there.

    ``origins_named`` are works that the card names as its origins. ``notices_cut``: notices are longer than what is
    given of them.
    """

    license_texts: tuple[FoundText, ...] | None = None
    card_text: str | None = None
    card_seen: CardSeen | None = None
    origins_named: tuple[str, ...] = ()
    notice_texts: tuple[str, ...] | None = None
    notices_cut: bool = False
    name: str | None = None
    records: tuple[Record, ...] | None = None
    at_head: Record | None = None
    before: Record | None = None

    @property
    def identified(self) -> tuple[Licence, ...]:
        """The known licences among the texts that are about the whole work, each once, in the order of the files."""
        rows = (catalogue.find(one.licence) for one in self.license_texts or () if one.licence and one.of_the_whole)
        return tuple({row.id: row for row in rows if row is not None}.values())


def read_text(path: str, content: str | bytes) -> FoundText:
    """A licence file as evidence: its fingerprint, its row where the text is known, its copyright lines."""
    digest = texts.fingerprint(content)
    known = texts.known_texts().get(digest)
    if known is not None and not known.notices_left_out:
        # What such a text says of copyright is its own, not the work's.
        return FoundText(path, digest, known.licence.id)
    head = content[: texts.MAX_LENGTH]
    words = head.decode("utf-8", "replace") if isinstance(head, bytes) else head
    lines = tuple(copyright_lines(words))
    return FoundText(path, digest, known.licence.id if known else "", lines)


def stored_text(path: str, digest: str) -> FoundText:
    """A licence file of which only the fingerprint was kept (``texts.fingerprint``)."""
    licence = texts.licence_of(digest)
    return FoundText(path, digest, licence.id if licence else "")


def copyright_lines(text: str) -> Iterator[str]:
    """Lines that name a year or a holder of copyright; a licence that speaks of "copyright" names neither."""
    count = 0
    for line in text[: texts.MAX_LENGTH].splitlines():
        if count < _LINES and len(line) <= _WIDTH and _COPYRIGHT.search(line) is not None and "[yyyy]" not in line:
            count += 1
            yield line.strip()
