"""What the card parser returns. Plain data, ready for JSON; the words are made where it is shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CardFinding:
    """Something that a reviewer should know about a card.

    ``code`` is a key of ``spec.CODES``, which also gives the severity and the names in ``params``. ``field`` is the
    metadata field, ``line`` the line of the raw file, counted from 1; None where the finding has no single place.
    """

    code: str
    severity: str
    field: str = ""
    line: int | None = None
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """What a card says about its origins: this repository stands in ``relation`` to ``target``.

    ``target`` is a repository id as written, without surrounding space; ``kind`` is the kind of the *target*
    (model, dataset, space). ``relation`` is one of finetune, adapter, merge, quantized, train_on, includes,
    served_in. ``declared`` is False when the relation was inferred, as the Hub does, and not written down.
    """

    target: str
    kind: str
    relation: str
    field: str
    declared: bool


@dataclass(frozen=True, slots=True)
class ParsedCard:
    """A README.md, read.

    ``metadata`` is safe to store as JSON: text keys, finite numbers, whole numbers within 64 bits, no NUL, bounded
    depth, dates as ISO text. ``front_matter_lines`` are the lines of the two ``---`` fences. ``body_offset`` is the
    byte of the raw file at which the Markdown begins. ``text`` is the Markdown with line ends as ``\\n`` and NUL
    replaced. ``licenses`` are the identifiers as the author wrote them. ``score`` is a share in [0, 1], see
    ``spec.score``. ``verdict`` is fail (a finding is high or critical), warn (medium) or pass.
    """

    sha256: str
    size: int
    metadata: dict[str, Any]
    front_matter_lines: tuple[int, int] | None
    body_offset: int
    text: str
    licenses: tuple[str, ...]
    license_name: str | None
    license_link: str | None
    links: tuple[Link, ...]
    findings: tuple[CardFinding, ...]
    score: float
    verdict: str
