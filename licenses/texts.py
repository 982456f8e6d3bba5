"""Licence texts told apart by the hash of their words: exact matches only.

``data/texts.csv`` holds one line per known text: the hash, the row of the licence table that it is, what copy it was
taken from and when. The texts themselves belong to their licensors and are not kept. A text that is not in the list is
not guessed at: what looks alike is often another version with the opposite answer.

How a text is made comparable (``normalise``), in this order and no further:

1. Unicode NFKC and case folding: typographic variants of one letter are one letter, case does not count.
2. All quotation marks and apostrophes are one mark; all dashes are a hyphen; ``https://`` is written ``http://``.
3. Marks of layout go: ``* # _ = | ~ ` > \\`` and bullets (a Markdown copy is the same text).
4. Every run of white space is one space, so lines may be wrapped anywhere.

Words, numbers, digits of clauses and all other punctuation count. One more step belongs to the texts that are a
template with a notice of their own in every copy (``notices`` is ``left_out`` in the list): lines of the form
``Copyright (c) YEAR NAME`` and ``All rights reserved.`` are left out, and only then.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from licenses import catalogue
from licenses.catalogue import Licence, TableError
from licenses.expressions import All, AnyOf, Expression, Term, Undecided, leaves, shorten

COLUMNS = ("sha256", "licence", "text", "notices", "source", "date")

MAX_LENGTH = 128 * 1024
"""Characters (or bytes) of one file that are looked at; no known text is a third as long."""

_QUOTES = "\"'`´‘’‚‛“”„‟«»‹›′″‵‶＂＇"
_DASHES = "-‐‑‒–—―−﹘﹣－"
_LAYOUT = "*#_=|~>\\•‣◦·●○▪■□\ufeff\u200b\u00ad"
_CHARACTERS = str.maketrans(
    {**dict.fromkeys(_QUOTES, "'"), **dict.fromkeys(_DASHES, "-"), **dict.fromkeys(_LAYOUT, None)}
)
_SPACE = re.compile(r"\s+")
_MARK_RUN = re.compile(r"'{2,}")
# A bullet written as a hyphen stands alone; a hyphen between words touches them.
_LONE_HYPHEN = re.compile(r"(?:^| )-+(?= |$)")

_YEAR = r"(?:(?:19|20)\d\d|[\[<{(](?:yyyy|year|yy|date)[^\]>})]{0,20}[\]>})])"
_NOTICE = re.compile(
    rf"[\s/*#;:.-]*(?:copyright\b[\s:]*(?:(?:©|\(c\))|{_YEAR})|(?:©|\(c\))[\s:]*(?:copyright\b|{_YEAR}))[^\n]{{0,160}}",
    re.IGNORECASE,
)
_RESERVED = re.compile(r"[\s/*#;:-]*all rights reserved[\s.]*", re.IGNORECASE)
# A line that grants or forbids something is no notice, whatever it begins with.
_TERMS = re.compile(
    r"\b(?:may|must|shall|not|only|unless|use[ds]?|permi\w+|prohibit\w*|commercial\w*|licen[cs]\w*|provided|grant\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class KnownText:
    """One line of the list: which row of the licence table a text is, and which copy of it was read."""

    licence: Licence
    text: str
    notices_left_out: bool
    source: str
    date: str


def normalise(text: str) -> str:
    """The text in its comparable form; doing it twice changes nothing.

    >>> normalise("**Licensed**  to\\n“You”") == normalise("licensed to 'you'")
    True
    """
    for _ in range(4):
        before, text = text, _once(text)
        # Folding may lay bare what one more round folds again; real texts are stable after the first.
        if text == before:
            break
    return text


def fingerprint(text: str | bytes) -> str:
    """SHA-256 (hex) of the normalised text; of a known template, without its copyright lines.

    Bytes are read as UTF-8, as UTF-16 where a byte order mark says so, and else byte by byte. What is longer than
    ``MAX_LENGTH`` is no licence text and is hashed as it stands.
    """
    if len(text) > MAX_LENGTH:
        raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        return hashlib.sha256(raw).hexdigest()
    words = _decoded(text)
    whole, known = _digest(normalise(words)), known_texts()
    if whole in known:
        return whole
    bare = _digest(normalise(_without_notices(words)))
    return bare if bare in known and known[bare].notices_left_out else whole


def identify(text: str | bytes) -> Licence | None:
    """The row of the licence table that a text is, word for word; None for every other text."""
    return licence_of(fingerprint(text)) if len(text) <= MAX_LENGTH else None


def licence_of(digest: str) -> Licence | None:
    """The row of the licence table behind a fingerprint that was stored earlier; None when it is not known."""
    known = known_texts().get(digest.strip().casefold())
    return known.licence if known is not None else None


@dataclass(frozen=True)
class Contradiction:
    """A declared licence and a text in the same repository that say different things. Which one holds is unknown."""

    code: str
    declared: str
    text: Licence


def contradiction(declared: Expression, identified: Licence | Iterable[Licence] | None) -> Contradiction | None:
    """Whether the texts of a repository speak against what its card declares.

    A text speaks for the card when it is one of the declared licences, or a text that a declared licence is made to
    be read with (clause ``read_with``). One text that does is enough: the others may be of parts. A declaration that
    names no text (a family, ``other``, nothing) cannot be contradicted; ``lift`` reads it by its text.

    Returns:
        None, or the code ``U-TEXT`` with what was declared and the text that was found.
    """
    found = [identified] if isinstance(identified, Licence) else list(identified or ())
    terms = [leaf for leaf in leaves(declared) if isinstance(leaf, Term) and not leaf.licence.is_own]
    if not found or not terms:
        return None
    fitting = {term.licence.id for term in terms}
    for term in terms:
        fitting |= {clause.value for clause in term.licence.says("read_with")}
    if any(licence.id in fitting for licence in found):
        return None
    return Contradiction("U-TEXT", " + ".join(leaf.written for leaf in leaves(declared)), found[0])


def lift(declared: Expression, identified: Licence | Iterable[Licence] | None) -> Expression:
    """Read ``other`` by its text: a custom licence whose text is a row of the table is that row.

    Only where the texts found are one and the same licence; several leave it open which one is meant. Everything
    else that was declared stays as it is.
    """
    found = {one.id: one for one in ([identified] if isinstance(identified, Licence) else identified or ())}
    if len(found) != 1:
        return declared
    (licence,) = found.values()
    return _lifted(declared, licence)


def _lifted(declared: Expression, licence: Licence) -> Expression:
    if isinstance(declared, All):
        return All(tuple(_lifted(part, licence) for part in declared.parts), listed=declared.listed)
    if isinstance(declared, AnyOf):
        return AnyOf(tuple(_lifted(part, licence) for part in declared.parts))
    if isinstance(declared, Undecided) and declared.code == "U-OTHER" and licence.evidence != "not_read":
        return Term(licence, shorten(licence.id))
    return declared


@cache
def known_texts() -> Mapping[str, KnownText]:
    """The list of known texts by hash.

    Raises:
        TableError: a line names no row, a hash stands twice, or a cell is missing.
    """
    return load(catalogue.DATA)


def load(folder: Path) -> Mapping[str, KnownText]:
    """Read and check the list of known texts in a folder of tables; see ``known_texts``."""
    try:
        written = (folder / catalogue.TEXTS).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise TableError(f"{catalogue.TEXTS}: cannot be read as UTF-8 text ({exc})") from exc
    reader = csv.DictReader(io.StringIO(written, newline=""), strict=True)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise TableError(f"{catalogue.TEXTS} line 1: the header is {', '.join(COLUMNS)}")
    found: dict[str, KnownText] = {}
    for cells in reader:
        where = f"{catalogue.TEXTS} line {reader.line_num}"
        licence = catalogue.find(cells["licence"] or "")
        if licence is None or licence.id != cells["licence"]:
            raise TableError(f"{where}, column licence: {cells['licence']!r} is not a row of the table")
        if not re.fullmatch(r"[0-9a-f]{64}", cells["sha256"] or ""):
            raise TableError(f"{where}, column sha256: not a SHA-256 in lower case")
        if cells["sha256"] in found:
            raise TableError(f"{where}, column sha256: stands in the list twice")
        if cells["notices"] not in ("kept", "left_out"):
            raise TableError(f"{where}, column notices: {cells['notices']!r} is not kept or left_out")
        for column in ("text", "source", "date"):
            if not (cells[column] or "").strip():
                raise TableError(f"{where}, column {column}: empty")
        catalogue.reading_date(cells["date"], f"{where}, column date")
        found[cells["sha256"]] = KnownText(
            licence, cells["text"], cells["notices"] == "left_out", cells["source"], cells["date"]
        )
    return found


def _once(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.translate(_CHARACTERS)).casefold())
    plain = _MARK_RUN.sub("'", folded.translate(_CHARACTERS)).replace("https://", "http://")
    return _SPACE.sub(" ", _LONE_HYPHEN.sub(" ", _SPACE.sub(" ", plain))).strip()


def _without_notices(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not is_notice(line))


def is_notice(line: str) -> bool:
    """Whether a line is a copyright notice and nothing else: a year, a name, no terms.

    >>> is_notice("Copyright (c) 2024 Jane Doe"), is_notice("Copyright 2024: use is not permitted")
    (True, False)
    """
    if _RESERVED.fullmatch(line):
        return True
    return _NOTICE.fullmatch(line) is not None and _TERMS.search(line) is None


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", "replace")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _digest(words: str) -> str:
    # A lone surrogate cannot be encoded; it is hashed as it stands, since no known text holds one.
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def main(paths: list[str]) -> int:
    """Print hash, row and name of files (``python -m licenses.texts FILE…``), for whoever adds a line to the list."""
    for path in paths:
        content = Path(path).read_bytes()
        licence = identify(content)
        sys.stdout.write(f"{fingerprint(content)} {licence.id if licence else '-'} {path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
