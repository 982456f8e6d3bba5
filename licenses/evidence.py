"""What a work's files, card and name show of what its licences ask for, and where records of it disagree.

The engine says what is asked; this module says what can be seen. A state is one of three: ``met`` (it stands there),
``open`` (it was looked for and is not there) and ``unseen`` (nobody looked, or a text could not be recognised).
Absence is claimed only where somebody looked: every field of ``Evidence`` is None until then.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import Any

from licenses import catalogue, expressions, texts
from licenses.catalogue import Licence
from licenses.expressions import Expression, Term, leaves
from licenses.findings import ARTEFACT, Finding

MET, OPEN, UNSEEN = "met", "open", "unseen"

_NO_ROW = "no row of the licence table"
_COPYRIGHT = re.compile(
    r"copyright[\s:]*(?:(?:©|\(c\))\s*\w|[\s:,]*(?:19|20)\d\d)|©\s*\w|\(c\)\s*(?:19|20)\d\d", re.IGNORECASE
)
# A text that is about a part of the work by its own name says nothing against the licence of the whole.
_PART = re.compile(r"code|third|3rd|vendor|dependenc", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
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
    lines = tuple(_copyright_lines(words))
    return FoundText(path, digest, known.licence.id if known else "", lines)


def stored_text(path: str, digest: str) -> FoundText:
    """A licence file of which only the fingerprint was kept (``texts.fingerprint``)."""
    licence = texts.licence_of(digest)
    return FoundText(path, digest, licence.id if licence else "")


def read_card(content: bytes) -> CardSeen:
    """What a card shows of what licences ask for. Cheap: only a card that may show something is read word by word."""
    lowered, words = content.lower(), content[: texts.MAX_LENGTH].decode("utf-8", "replace")
    card = Evidence(card_text=words)
    # Letters that only look like those of a badge are not looked for.
    telling = {word for word in _telling_words() if word in lowered}
    return CardSeen(
        badges=tuple(
            badge
            for badge, choices in (_badges() if telling else ())
            if any(choice and max(choice, key=len) in telling and _follow(choice, lowered) for choice in choices)
            and badge_shown(card, badge) == MET
        ),
        sought=badges_digest() if len(content) <= texts.MAX_LENGTH else "",
        copyright=(b"copyright" in lowered or b"(c)" in lowered or "©" in words)
        and next(_copyright_lines(words), None) is not None,
    )


@cache
def badges_digest() -> str:
    """Which badges the licence table asks for, all together: changes with any of them."""
    return hashlib.sha256("\n".join(badge for badge, _ in _badges()).encode()).hexdigest()[:16]


@cache
def _badges() -> tuple[tuple[str, tuple[tuple[bytes, ...], ...]], ...]:
    """The badges of the table, each with the words of its choices."""
    badges = sorted({row.badge for row in catalogue.all_licences() if row.badge})
    return tuple((badge, tuple(tuple(_words(one).encode().split()) for one in _choices(badge))) for badge in badges)


@cache
def _telling_words() -> frozenset[bytes]:
    """The longest word of each badge: a card that holds none of these shows none."""
    return frozenset(max(choice, key=len) for _, choices in _badges() for choice in choices if choice)


def _follow(words: tuple[bytes, ...], lowered: bytes) -> bool:
    """Whether words may stand one after the other, which is seldom so where each of them stands somewhere."""
    longest_first = sorted(words, key=len, reverse=True)
    return all(word in lowered for word in longest_first) and re.search(rb"[^a-z0-9]+".join(words), lowered) is not None


def resolved(evidence: Evidence, declared: Expression) -> Expression:
    """The declared licence, with ``other`` read by the text in the files where that is a row of the table."""
    return texts.lift(declared, evidence.identified)


def findings(evidence: Evidence, declared: Expression, obligations: Iterable[Finding] = ()) -> list[Finding]:
    """What the evidence shows.

    Args:
        evidence: what is known of the work.
        declared: its licence as it was declared (``expressions.parse``).
        obligations: findings of the engine for this work, latent ones too; those that files, card and name can show
            come back with the state that was seen, the others as they were. An attestation is only ever improved on.

    Returns:
        the obligations, in their order, then what the evidence shows by itself: ``O-COPYRIGHT`` (with a state),
        ``W-NO-TEXT``, ``U-TEXT``, ``W-RECORD`` and ``W-CHANGED-LICENSE``.
    """
    found = [with_state(evidence, one) for one in obligations]
    named = resolved(evidence, declared)
    for each in (_text_missing, _text_contradicts, _copyright, _other_records, _changed):
        found += each(evidence, named)
    return list({one.key: one for one in found}.values())


def with_state(evidence: Evidence, obligation: Finding) -> Finding:
    """One obligation of the engine with the state that the evidence shows."""
    seen = state(evidence, obligation)
    if seen is None or (obligation.state == "attested" and seen != MET):
        return obligation
    return replace(obligation, state=seen)


def restated(evidence: Evidence, one: Finding) -> Finding:
    """A finding of the engine with the state that the evidence shows, where anybody looked.

    What the engine has as met by the name of a file stays so until that file was read.
    """
    places = {"O-LICENSE-COPY": evidence.license_texts, "O-NOTICE": evidence.notice_texts}
    if one.state == MET and places.get(one.code) is None:
        return one
    return with_state(evidence, one)


def state(evidence: Evidence, obligation: Finding) -> str | None:
    """``met``, ``open`` or ``unseen``; None for an obligation that files, card and name do not show."""
    licence = catalogue.find(str(obligation.params.get("licence_id", "")))
    value = str(obligation.params.get("value", ""))
    work = str(obligation.params.get("work", ""))
    if obligation.code == "O-BADGE":
        return badge_shown(evidence, value)
    if licence is None:
        return None
    if obligation.code == "O-LICENSE-COPY":
        return text_present(evidence, licence)
    if obligation.code == "O-NOTICE":
        return notice_kept(evidence, licence, work)
    if obligation.code == "O-ATTRIB":
        return attributed(evidence, work)
    return None


def text_present(evidence: Evidence, licence: Licence) -> str:
    """Whether the text of a licence is among the files, word for word. An unknown text leaves it open to a person."""
    if evidence.license_texts is None:
        return UNSEEN
    if any(one.licence == licence.id for one in evidence.license_texts):
        return MET
    return UNSEEN if any(not one.licence for one in evidence.license_texts) else OPEN


def notice_kept(evidence: Evidence, licence: Licence, work: str = "") -> str:
    """Whether a NOTICE file names the licence or the work that it came from."""
    if evidence.notice_texts is None:
        return UNSEEN
    names = {licence.id, licence.name, licence.spdx, *licence.aliases, *_names_of(work)}
    if _mentions(evidence.notice_texts, names):
        return MET
    return UNSEEN if evidence.notices_cut else OPEN


def attributed(evidence: Evidence, work: str) -> str | None:
    """Whether card or NOTICE name an upstream; None for the work itself, whose own notice ``O-COPYRIGHT`` asks for."""
    if work in ("", ARTEFACT):
        return None
    return MET if work in evidence.origins_named else _looked_for(evidence, _names_of(work))


def badge_shown(evidence: Evidence, badge: str) -> str:
    """Whether the words that a licence wants to be shown stand in card, NOTICE or name.

    A badge may offer a choice (``|``), have a condition in round brackets and a gap to fill in square ones.
    """
    card = evidence.card_seen or CardSeen()
    seen = MET if badge in card.badges else _looked_for(evidence, _choices(badge), in_name=True)
    if seen == UNSEEN and card.sought == badges_digest() and any(badge == known for known, _ in _badges()):
        return UNSEEN if evidence.notices_cut else OPEN
    return seen


def _choices(badge: str) -> list[str]:
    return [re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", words) for words in badge.split("|")]


def name_begins(evidence: Evidence, prefix: str) -> str:
    """Whether the work's name, without its owner, begins with a prefix, whatever its case and separators."""
    if evidence.name is None:
        return UNSEEN
    return MET if _plain(evidence.name.rsplit("/", 1)[-1]).startswith(_plain(prefix)) else OPEN


def _text_missing(evidence: Evidence, declared: Expression) -> Iterator[Finding]:
    """A licence that wants its text to travel with the work, and files that hold none."""
    if evidence.license_texts == ():
        for term in _terms(declared):
            if term.licence.licence_copy in ("y", "c"):
                yield _finding("W-NO-TEXT", "licence_copy", term.licence, state=OPEN, written=term.written)


def _text_contradicts(evidence: Evidence, declared: Expression) -> Iterator[Finding]:
    """The files hold the text of another licence than the card declares."""
    against = texts.contradiction(declared, evidence.identified)
    if against is not None:
        paths = [
            one.path for one in evidence.license_texts or () if one.licence == against.text.id and one.of_the_whole
        ]
        yield _finding("U-TEXT", "license", against.text, declared=against.declared, value=", ".join(paths[:3]))


def _copyright(evidence: Evidence, declared: Expression) -> Iterator[Finding]:
    """Whether anybody claims the copyright that the declared licence wants to be named."""
    asking = next((term for term in _terms(declared) if term.licence.attribution == "y"), None)
    if asking is None:
        return
    lines = [line for one in evidence.license_texts or () for line in one.copyright]
    for text in (*(evidence.notice_texts or ()), evidence.card_text or ""):
        lines += _copyright_lines(text)
    card_looked_at = evidence.card_text is not None or (evidence.card_seen is not None and evidence.card_seen.sought)
    if lines or (evidence.card_seen is not None and evidence.card_seen.copyright):
        seen = MET
    elif evidence.notice_texts is None or evidence.notices_cut or not card_looked_at:
        seen = UNSEEN
    else:
        unread = evidence.license_texts is None or not all(one.fingerprint for one in evidence.license_texts)
        seen = UNSEEN if unread else OPEN
    yield _finding("O-COPYRIGHT", "attribution", asking.licence, state=seen, written=asking.written)


def _other_records(evidence: Evidence, declared: Expression) -> Iterator[Finding]:
    """Public records that name another licence than the card."""
    for record in evidence.records or ():
        theirs = expressions.parse(record.license, record.license_name)
        if not _silent(theirs) and not _silent(declared) and _rows(theirs) != _rows(declared):
            yield _finding(
                "W-RECORD",
                "license",
                _first(theirs),
                declared=_written(declared),
                value=_written(theirs),
                record=expressions.shorten(record.source),
            )


def _changed(evidence: Evidence, declared: Expression) -> Iterator[Finding]:
    """The licence at the revision in use against the one at the head of the repository, and against an earlier one."""
    readings = []
    if evidence.at_head is not None:
        now = expressions.parse(evidence.at_head.license, evidence.at_head.license_name)
        readings.append((declared, now))
    if evidence.before is not None:
        then = expressions.parse(evidence.before.license, evidence.before.license_name)
        if not _silent(then):  # a licence that is told for the first time is no other one
            readings.append((then, declared))
    for earlier, later in readings:
        if _rows(earlier) != _rows(later):
            yield _finding(
                "W-CHANGED-LICENSE", "license", _first(earlier), written=_written(earlier), value=_written(later)
            )


def _terms(declared: Expression) -> list[Term]:
    return [leaf for leaf in leaves(declared) if isinstance(leaf, Term) and not leaf.licence.is_own]


def _first(expression: Expression) -> Licence | None:
    return next((leaf.licence for leaf in leaves(expression) if leaf.licence is not None), None)


def _silent(expression: Expression) -> bool:
    """A record that says nothing, or that it does not know, contradicts nobody."""
    return all(not isinstance(leaf, Term) and leaf.code != "U-FAMILY" for leaf in leaves(expression))


def _rows(expression: Expression) -> set[tuple[str, str]]:
    return {
        (leaf.licence.id, leaf.exception) if isinstance(leaf, Term) else (leaf.code, leaf.written.casefold())
        for leaf in leaves(expression)
    }


def _written(expression: Expression) -> str:
    return " + ".join(leaf.written or "nothing" for leaf in leaves(expression))


def _finding(code: str, term: str, licence: Licence | None, *, state: str = "", **params: str) -> Finding:
    row = {"licence": licence.name if licence else _NO_ROW, "licence_id": licence.id if licence else ""}
    section, source = (licence.source_ref, licence.source_url) if licence else ("card field license", "")
    return Finding(code, term, section, source, (ARTEFACT,), {**row, "work": ARTEFACT, **params}, state)


def _names_of(work: str) -> list[str]:
    """How an upstream may be called in a text: its full id, and its name where that is long enough to tell."""
    name = work.rsplit("/", 1)[-1]
    return [work, name] if len(_plain(name)) >= 4 else [work]


def _looked_for(evidence: Evidence, wanted: Iterable[str], *, in_name: bool = False) -> str:
    places = [*(evidence.notice_texts or ()), *([evidence.card_text] if evidence.card_text is not None else [])]
    if in_name and evidence.name is not None:
        places.append(evidence.name)
    if _mentions(places, wanted):
        return MET
    return UNSEEN if evidence.card_text is None or evidence.notices_cut else OPEN


def _mentions(places: Iterable[str], names: Iterable[str]) -> bool:
    """Whether one of the names stands in one of the texts as whole words; case and layout do not count."""
    said = [_words(place) for place in places if place]
    if not said:
        return False
    wanted = [words for words in map(_words, names) if words.strip()]
    return any(words in place for place in said for words in wanted)


def _words(text: str) -> str:
    # A deep chain asks for the same names and looks through the same notices again and again.
    return _words_of_name(text) if len(text) <= _WIDTH else _words_of_text(text[: texts.MAX_LENGTH])


@lru_cache(maxsize=8192)
def _words_of_name(text: str) -> str:
    return _read_words(text)


@lru_cache(maxsize=16)
def _words_of_text(text: str) -> str:
    return _read_words(text)


def _read_words(text: str) -> str:
    words = _WORD.findall(texts.normalise(text))
    return f" {' '.join(words)} "


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _copyright_lines(text: str) -> Iterator[str]:
    """Lines that name a year or a holder of copyright; a licence that speaks of "copyright" names neither."""
    count = 0
    for line in text[: texts.MAX_LENGTH].splitlines():
        if count < _LINES and len(line) <= _WIDTH and _COPYRIGHT.search(line) is not None and "[yyyy]" not in line:
            count += 1
            yield line.strip()
