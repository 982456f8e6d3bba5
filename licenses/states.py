"""What the evidence shows: the state of each obligation, and where records of a licence disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from licenses import catalogue, expressions, texts
from licenses.cards import badge_shown
from licenses.catalogue import Licence
from licenses.evidence import MET, OPEN, UNSEEN, Evidence, copyright_lines
from licenses.expressions import Expression, Term, leaves
from licenses.findings import ARTEFACT, Finding
from licenses.mentions import looked_for, mentioned, names_of, plain

_NO_ROW = "no row of the licence table"


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
    names = {licence.id, licence.name, licence.spdx, *licence.aliases, *names_of(work)}
    if mentioned(evidence.notice_texts, names):
        return MET
    return UNSEEN if evidence.notices_cut else OPEN


def attributed(evidence: Evidence, work: str) -> str | None:
    """Whether card or NOTICE name an upstream; None for the work itself, whose own notice ``O-COPYRIGHT`` asks for."""
    if work in ("", ARTEFACT):
        return None
    return MET if work in evidence.origins_named else looked_for(evidence, names_of(work))


def name_begins(evidence: Evidence, prefix: str) -> str:
    """Whether the work's name, without its owner, begins with a prefix, whatever its case and separators."""
    if evidence.name is None:
        return UNSEEN
    return MET if plain(evidence.name.rsplit("/", 1)[-1]).startswith(plain(prefix)) else OPEN


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
        lines += copyright_lines(text)
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
