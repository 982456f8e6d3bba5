"""The licence table in words: what a cell says, to whom it matters, and where it stands in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance.licensing.rules import LicensingRefused
from governance.licensing.wording import terms
from governance.web.sentences import SHORTEST_REASON, as_sentence
from governance.web.templatetags import figures
from licenses import catalogue
from licenses.catalogue import Licence
from licenses.terms import Reach

# Which part of a row's sections speaks of a column: the table names sections by row, each with a word of what it says.
_SPEAKS_OF: Mapping[str, re.Pattern[str]] = {
    column: re.compile(words, re.IGNORECASE)
    for column, words in {
        "use": r"\bgrants?\b(?! back)|\bNC\b|non-?commercial|research|training only|computational|permission paragraph",
        "redistribute": r"redistribut|\bno distribution|\bconvey|\bdistribution\b",
        "share_modified": r"no derivative|adapted material|\bshare\b.*modif",
        "sublicense": r"sublicens",
        "hosted": r"hosted|\bservice|network|online availability|external deployment",
        "patent": r"patent",
        "outputs": r"\boutputs?\b",
        "train_with_outputs": r"improv|\boutputs?\b.*train|synthetic|develop other",
        "attribution": r"attribution|\bnotices?\b|\bcite\b",
        "licence_copy": r"\bcopy\b|licence copy|licence text",
        "notice_file": r"NOTICE file|\bnotices?\b",
        "state_changes": r"state changes|modified notices|mark altered|stat(e|ing) (the )?(changes|modif)",
        "disclose_source": r"\bsource\b(?! form stays)",
        "badge": r"[Bb]uilt (with|on|using)|[Pp]owered by|badge",
        "name_prefix": r"name prefix|prefix",
        "flow_down": r"flow-?down|own terms|incl\. (para|Att)",
        "copyleft": r"copyleft|adapter's licence|same licen|whole work|stays? (MPL|under)|derivatives?\b",
        "use_restrictions": r"\bAUP\b|attachment a|prohibited use|use_policy|acceptable use|restrictions?\b",
        "mau_cap": r"\bMAU\b|monthly",
        "revenue_cap_usd_year": r"revenue|USD",
        "territory_excl": r"territory|\bEU\b",
        "field_excl": r"military|competitor|field",
        "revocable": r"revoc",
        "updatable": r"update|may change|later version",
        "termination": r"terminat|litigation",
    }.items()
}


@dataclass(frozen=True)
class Line:
    """One term of a licence: what the column is called, the cell as the table has it, the sentence, the sections.

    ``narrows`` says that the cell grants less, or asks more, than a plain "any use, keep the notice" would.
    """

    column: str
    label: str
    cell: str
    sentence: str
    section: str
    unclear: bool
    narrows: bool


def cell(licence: Licence, column: str) -> str:
    """A cell as it stands in the table's file.

    >>> cell(find("mit"), "osi_approved"), cell(find("mit"), "mau_cap")
    ('y', '')
    """
    return cell_of(getattr(licence, column))


def cell_of(value: Any) -> str:
    """A value of a row as the table's file has it."""
    if isinstance(value, Reach):
        return ("unclear:" if value.unclear else "") + "+".join(value.words)
    if isinstance(value, bool):
        return "y" if value else "n"
    if isinstance(value, tuple):
        return ";".join(value)
    return "" if value is None else str(value)


def sentence(licence: Licence, column: str) -> str:
    """What a cell says, in the reader's language; a word without a sentence is shown as it is, not hidden."""
    value = getattr(licence, column)
    if isinstance(value, Reach):
        return reach_sentence(value)
    written = cell(licence, column)
    if written in terms.SENTENCES.get(column, {}):
        return str(terms.SENTENCES[column][written])
    if not written:
        return _("The table leaves this empty.")
    special = _SPECIAL.get(column)
    return special(licence) if special is not None else written


def reach_sentence(reach: Reach) -> str:
    said = " ".join(str(terms.REACH.get(word, word)) for word in reach.words)
    return str(terms.UNCLEAR) % {"sentence": said} if reach.unclear else said


def _termination(licence: Licence) -> str:
    when = ", ".join(str(terms.ENDINGS.get(word, word)) for word in licence.termination)
    return str(terms.ENDS) % {"value": when}


def _restrictions(licence: Licence) -> str:
    kind, _colon, what = licence.use_restrictions.partition(":")
    said = terms.DYNAMIC_RESTRICTIONS if kind == "dynamic" else terms.STATIC_RESTRICTIONS
    return str(said) % {"value": what}


_SPECIAL: Mapping[str, Any] = {
    "badge": lambda one: str(terms.BADGE) % {"value": one.badge},
    "name_prefix": lambda one: str(terms.NAME_PREFIX) % {"value": one.name_prefix},
    "use_restrictions": _restrictions,
    "mau_cap": lambda one: str(terms.USER_CAP) % {"value": figures.number(one.mau_cap), "basis": one.mau_basis},
    "revenue_cap_usd_year": lambda one: str(terms.REVENUE_CAP) % {"value": figures.number(one.revenue_cap_usd_year)},
    "territory_excl": lambda one: str(terms.TERRITORY) % {"value": one.territory_excl.replace(";", ", ")},
    "field_excl": lambda one: str(terms.FIELDS) % {"value": ", ".join(one.field_excl)},
    "termination": _termination,
    "family": lambda one: family(one.family),
    "kind": lambda one: kind(one.kind),
    "evidence": lambda one: evidence(one.evidence),
}


def sections(source_ref: str) -> list[str]:
    """The sections that a row names, one by one."""
    return [part.strip() for part in source_ref.split(";") if part.strip()]


def section_of(licence: Licence, column: str) -> str:
    """Those of the row's sections that speak of a column by name; empty where none does."""
    words = _SPEAKS_OF.get(column)
    if words is None:
        return ""
    return "; ".join(part for part in sections(licence.source_ref) if words.search(part))


_PLAIN: Mapping[str, frozenset[str]] = {
    "use": frozenset({"any"}),
    "redistribute": frozenset({"y"}),
    "share_modified": frozenset({"y"}),
    "sublicense": frozenset({"y", "auto"}),
    "hosted": frozenset({"free"}),
    "patent": frozenset({"grant", "unstated"}),
    "outputs": frozenset({"free"}),
    "train_with_outputs": frozenset({"ok"}),
    "copyleft": frozenset({"none"}),
    "use_restrictions": frozenset({"none"}),
    "disclose_source": frozenset({"n"}),
    "flow_down": frozenset({"n"}),
    "revocable": frozenset({"n"}),
    "updatable": frozenset({"n"}),
}
_EMPTY_IS_PLAIN = frozenset({"badge", "name_prefix", "mau_cap", "revenue_cap_usd_year", "territory_excl", "field_excl"})


def narrows(licence: Licence, column: str) -> bool:
    """Whether a cell grants less, or asks more, than any use with its notices kept."""
    value = getattr(licence, column)
    if isinstance(value, Reach):
        return not set(value.words) <= {"none", "notice", "na"}
    if column in _EMPTY_IS_PLAIN:
        return bool(value)
    return column in _PLAIN and cell(licence, column) not in _PLAIN[column]


def lines(licence: Licence, columns: Iterable[str]) -> list[Line]:
    """The terms of a licence in some columns."""
    return [
        Line(
            column=column,
            label=label(column),
            cell=cell(licence, column),
            sentence=sentence(licence, column),
            section=section_of(licence, column),
            unclear=isinstance(value := getattr(licence, column), Reach) and value.unclear,
            narrows=narrows(licence, column),
        )
        for column in columns
    ]


def label(column: str) -> str:
    """What a column is called."""
    return str(terms.COLUMNS.get(column, column))


def use(licence: Licence) -> str:
    """What it may be used for, in a word or two."""
    return str(terms.USES.get(licence.use, licence.use))


def stays(licence: Licence) -> str:
    """What has to stay under it, in a word or two."""
    return str(terms.STAYS.get(licence.copyleft, licence.copyleft))


def limits(licence: Licence) -> list[str]:
    """The limits on a licensee, in a word or two each."""
    return [str(named) for column, named in terms.LIMITS.items() if _limits(licence, column)]


def _limits(licence: Licence, column: str) -> bool:
    if column in ("share_modified", "redistribute"):
        return cell(licence, column) == "n"
    if column == "hosted":
        return licence.hosted == "ban"
    if column == "train_with_outputs":
        return licence.train_with_outputs.startswith("no_")
    return bool(cell(licence, column)) and cell(licence, column) not in ("none", "unstated")


def clauses(licence: Licence) -> list[tuple[str, catalogue.Clause]]:
    """What the text says beyond the columns: name of the clause, and what it says where."""
    return [(name, clause) for name in licence.clauses for clause in licence.says(name)]


def clause(name: str, said: catalogue.Clause) -> dict[str, str]:
    """A clause as the page shows it: what it says, and where."""
    text = str(terms.CLAUSES.get(name, name))
    return {"text": text % {"value": said.value} if "%(" in text else text, "section": said.source_ref}


def is_unread(licence: Licence) -> bool:
    """Whether no text stands behind the row, so that nothing can be decided by it."""
    return licence.evidence in ("not_read", "hf_family", "hf_list") or licence.family == "placeholder"


def facts(licence: Licence) -> list[dict[str, str]]:
    """What a reader asks first, label over value."""
    shown = [
        {"label": label("use"), "value": use(licence)},
        {"label": label("copyleft"), "value": stays(licence)},
        {"label": _("Limits"), "value": ", ".join(limits(licence)) or _("none")},
        {"label": label("family"), "value": family(licence.family)},
        {"label": label("kind"), "value": kind(licence.kind)},
    ]
    if read_on(licence):
        shown.append({"label": _("Read on"), "value": read_on(licence)})
    return shown


def read_on(licence: Licence) -> str:
    """The day or month on which the row was read, where the table says so."""
    return str(getattr(licence, "read_on", ""))


def family(name: str) -> str:
    return str(terms.FAMILIES.get(name, name))


def kind(name: str) -> str:
    return str(terms.KINDS.get(name, name))


def evidence(name: str) -> str:
    return str(terms.EVIDENCE.get(name, name))


_GITHUB = re.compile(r"github:([\w.-]+/[\w.-]+) (\S+)")


def links(licence: Licence) -> list[dict[str, str]]:
    """Where the text can be read: the source that was read first, then public copies by its identifiers."""
    found = []
    source = licence.source_url
    on_github = _GITHUB.fullmatch(source)
    if source.startswith(("https://", "http://")):
        found.append({"label": source, "url": source})
    elif on_github is not None:
        found.append({"label": source, "url": f"https://github.com/{on_github[1]}/blob/HEAD/{on_github[2]}"})
    elif source:
        found.append({"label": source, "url": ""})
    if licence.spdx:
        named = _("SPDX: %(id)s") % {"id": licence.spdx}
        found.append({"label": named, "url": f"https://spdx.org/licenses/{licence.spdx}.html"})
    if licence.scancode_key:
        named = _("ScanCode LicenseDB: %(id)s") % {"id": licence.scancode_key}
        found.append({"label": named, "url": f"https://scancode-licensedb.aboutcode.org/{licence.scancode_key}.html"})
    return found


def refusal(refused: LicensingRefused) -> str:
    """Why something cannot be said, in the reader's language; one without words here in its own."""
    known = {
        "not_a_keeper": _(
            "The licence table holds for everybody here: the organisation’s legal reviewers and admins keep it."
        ),
        "not_a_reviewer": _("Only a legal reviewer can say this; ask an admin for the role."),
        "not_an_attester": _("Submitters and legal reviewers of the use case’s team say this; you are neither."),
        "not_seen": _("There is no such entry or use case among those that you see."),
        "self_review": _("You submitted this or brought its evidence; someone else has to decide."),
        "reason_required": _("Say why in at least %(n)s characters: others rely on it.") % {"n": SHORTEST_REASON},
        "source_ref_required": _("Name the section of the text that says so."),
        "until_out_of_range": _("The end lies after today and at most a year ahead."),
        "no_such_finding": _("No licence audit of this version has found that yet; have it audited first."),
        "no_such_text": _("This version has no licence file of that name."),
        "sha256_required": _("The bytes of this file are not known here: give the SHA-256 of the text that you read."),
        "other_text": _("The file of this version holds other bytes than those; read that one."),
        "corrected_meanwhile": _("Somebody else has just corrected this term; read it again."),
        "attested_already": _("This is said already."),
        "ended": _("This has ended already."),
    }
    return known.get(refused.code, as_sentence(refused.message))
