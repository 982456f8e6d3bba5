"""The inventory, and every version with what its decisions rested on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from governance.catalog.rendering import excerpt_html
from governance.evidence.showing import kind_name
from governance.licensing import wording as licence_terms
from governance.reports.renditions import figures_shown, markup, selection
from governance.reports.renditions import wording as words
from governance.reports.renditions.sections.common import (
    END,
    Item,
    batches,
    begin,
    family_of,
    left_to_annex,
    note,
    subject,
)
from governance.reports.renditions.source import Document
from governance.web.templatetags import figures
from licenses.findings import ARTEFACT


def inventory(document: Document) -> Iterator[str]:
    yield begin(2, _("Inventory"), key="inventory")
    head = [_("Version"), _("Kind"), _("Licences"), _("Made from"), _("Owner"), _("In force"), _("Newest audits")]
    for rows in batches(document.items("inventory")):
        yield markup.table(_("Versions"), head, [_inventory_row(item) for item in rows], kinds="ttttttt")
    if not document.count("inventory"):
        yield note(_("There was no version in the catalogue."))
    yield END


def _newest(one: Item) -> str:
    family = family_of(one["kind"]) if one["verdict"] else "run"
    return f"{markup.text(kind_name(one['kind']))} {markup.status(one['verdict'] or one['state'], family)}"


def _inventory_row(item: Item) -> list[str]:
    stages = [
        f"{markup.word(one['stage'], 'stage')}: {markup.name(one['use_case'])} ({markup.day(one['expires_at'])})"
        for one in item["stages"]
    ]
    audits = [_newest(one) for one in item["audits"]]
    suspended = markup.status("suspended", "approval") if item["suspended"] else ""
    return [
        f"{subject(item['subject'])}<br>{markup.digest(item['key'])}",
        markup.word(item["subject"]["kind"], "kind"),
        markup.name(", ".join(item["licences"])) if item["licences"] else markup.quiet(_("not declared")),
        "<br>".join(markup.name(one["id"]) for one in item["lineage"]) or markup.quiet(_("not stated")),
        markup.name(item["owner"]) if item["owner"] else markup.quiet(_("nobody")),
        "<br>".join([*([suspended] if suspended else []), *stages]) or markup.quiet(_("nowhere")),
        "<br>".join(audits) or markup.quiet(_("never audited")),
    ]


MOST_FINDINGS = 20
LONGEST_LOCUS = 500  # so much of a place a finding keeps


def versions(document: Document, *, chosen: selection.Selection | None) -> Iterator[str]:
    yield begin(3, _("Versions in full"), key="versions")
    total = document.count("versions")
    if chosen is None:
        yield note(
            _("Every version on which there was a decision in the period.")
            if total
            else _("There was no decision in the period.")
        )
        for item in document.items("versions"):
            yield from version(item, why="", card_length=None)
    else:
        yield note(_why_printed(len(chosen.versions), total))
        for place, why in chosen.versions.items():
            for item in document.items("versions", start=place, stop=place + 1):
                yield from version(item, why=why, card_length=selection.CARD_PRINTED)
        for why, n in chosen.left_out.items():
            told = ngettext(
                "%(n)s more version (%(why)s) did not fit on the pages; it stands in the full annex.",
                "%(n)s more versions (%(why)s) did not fit on the pages; they stand in the full annex.",
                n,
            )
            yield note(told % {"n": figures.number(n), "why": reason(why)})
    yield END


def reason(why: str) -> str:
    return {
        selection.FAILED: _("an audit failed"),
        selection.WAIVED: _("waived or overridden"),
        selection.EXPIRED: _("expired"),
        selection.CHANGED: _("changed since the edition before"),
    }.get(why, why)


def _why_printed(n: int, total: int) -> str:
    told = _("%(n)s of %(total)s versions with a decision: those that changed, failed, expired or were waived.")
    return told % {"n": figures.number(n), "total": figures.number(total)}


def version(item: Item, *, why: str, card_length: int | None) -> Iterator[str]:
    """One version with all that its decisions rested on."""
    yield f'<article class="version"><h3>{subject(item["subject"])}</h3>\n'
    rows = [
        (_("Kind"), markup.word(item["subject"]["kind"], "kind")),
        (_("Commit"), markup.code(item["subject"]["revision"])),
        (_("Digest"), markup.full_digest(item["key"])),
        (_("Card"), markup.digest(item["card_sha256"])),
    ]
    if why:
        rows.insert(0, (_("Printed because"), f"<b>{markup.text(reason(why))}</b>"))
    yield markup.pairs(rows)
    yield from map(_use_case, item["use_cases"])
    yield from _card(item["card"], card_length)
    yield from _licence(item["licence"], of=item)
    for audit in item["audits"]:
        yield from _audit(audit)
    for declared in item["declared"]:
        yield from _declared(declared)
    yield "</article>\n"


def _use_case(told: Item) -> str:
    who = f"{markup.word(told['tier'], 'tier')}, {markup.name(told['owner'])}"
    affected = told["people_affected"]
    people = f" {markup.text(_('People affected:'))} {markup.name(affected)}" if affected else ""
    return f"<p>{markup.name(told['name'])} ({who}): {markup.name(told['purpose'])}{people}</p>\n"


def _card(card: Mapping[str, str] | None, length: int | None) -> Iterator[str]:
    if card is None:
        yield note(_("It has no card: intended use, limitations and data are not described."))
        return
    missing = [
        str(title) for key, title in words.CARD.items() if key not in card and key not in ("creation", "structure")
    ]
    for key, title in words.CARD.items():
        if said := card.get(key):
            drawn = _drawn(said, length or markup.LONGEST_TEXT, str(get_language()))
            yield f"<h4>{markup.text(title)}</h4>{markup.passage(drawn)}"
    if missing:
        yield note(_("The card says nothing of: %(sections)s.") % {"sections": ", ".join(missing).lower()})


@lru_cache(maxsize=64)
def _drawn(said: str, most: int, language: str) -> SafeString:
    """A section of a card; neighbours are versions of one entry, whose cards say the same. The language is in force."""
    return excerpt_html(said, most=most)


def _licence(told: Item | None, *, of: Item) -> Iterator[str]:
    """What the newest decision knew of the licence: its conflicts in the words of the licence audit."""
    if told is None:
        yield note(_("No decision rested on a licence audit."))
        return
    rows = [
        (_("Licence"), markup.status(told.get("verdict"), "licence")),
        (_("Expression"), markup.name(told.get("expression") or "–")),
    ]
    yield markup.pairs(rows)
    conflicts = [_conflict(one, of) for one in told.get("conflicts") or ()]
    if conflicts:
        head = [pgettext("licence", "Conflict"), _("What it is about"), _("Along this chain")]
        yield markup.table(_("Licence conflicts"), head, conflicts, kinds="wtt")


def _conflict(one: Item, of: Item) -> tuple[str, str, str]:
    chain = [str(name) for name in one.get("chain") or ()]
    term = str(one.get("term") or "")
    shown = [str(of["subject"]["id"]) if name == ARTEFACT else name for name in chain]
    about = markup.text(licence_terms.label(term)) if term else markup.quiet("–")
    return _in_words(str(one.get("code") or ""), " <- ".join(chain), of), about, markup.name(" → ".join(shown))


def _in_words(code: str, locus: str, of: Item) -> str:
    """A conflict as the licence audit has worded it; an edition that kept no such finding has its code alone."""
    found = [one for audit in of["audits"] if audit["kind"] == "license" for one in audit["findings"]]
    worded = next((one["title"] for one in found if (one["code"], one["locus"]) == (code, locus[:LONGEST_LOCUS])), None)
    return markup.name(words.said(worded) if worded else _("Finding %(code)s") % {"code": code})


def _audit(audit: Item) -> Iterator[str]:
    family = family_of(audit["kind"]) if audit["verdict"] else "run"
    shown = markup.status(audit["verdict"] or audit["state"], family)
    yield f"<h4>{markup.text(_('Audit: %(kind)s') % {'kind': kind_name(audit['kind'])})} {shown}</h4>\n"
    if audit["error_code"]:
        yield note(_("It measured nothing: %(code)s.") % {"code": audit["error_code"]})
    yield markup.pairs(
        [
            (_("Run"), f"{audit['run']}, {markup.day(audit['finished_at'], time=True)}"),
            (_("Origin"), markup.word(audit["origin"], "origin")),
            (_("Inputs"), markup.digest(audit["inputs_digest"])),
            (_("Plan"), markup.digest(audit["plan_sha256"])),
            (_("Result"), markup.digest(audit["result_sha256"])),
            (
                _("Method"),
                markup.text(_("version %(n)s, seed %(seed)s") % {"n": audit["kind_version"], "seed": audit["seed"]}),
            ),
        ]
    )
    if audit["result"] is not None:
        try:
            yield from figures_shown.shown(audit["kind"], audit["result"])
        except (KeyError, TypeError, ValueError, AttributeError):
            # A result of an older shape: its numbers and bytes are there all the same.
            yield note(
                _("The figures of this audit have a shape that this form does not draw; the JSON form has them.")
            )
    elif audit["result_missing"] in words.MISSING:
        yield note(words.named(words.MISSING, audit["result_missing"]))
    if audit["kind"] not in ("bias", "ll144"):
        yield figures_shown.summary(audit["summary"])
    findings = audit["findings"]
    if findings:
        rows = [
            [
                markup.status(one["severity"], "severity"),
                markup.name(words.said(one["title"])),
                markup.name(words.said(one["mend"])),
            ]
            for one in findings[:MOST_FINDINGS]
        ]
        yield markup.table(_("Findings"), [_("Severity"), _("Finding"), _("What to do")], rows, kinds="tww")
        yield left_to_annex(len(rows), len(findings))


def _declared(told: Item) -> Iterator[str]:
    rows = [
        (
            _("Pilot"),
            f"{markup.name(told['use_case'])}, {markup.day(told['started_on'])} – {markup.day(told['ended_on'])}",
        ),
        (_("Requests"), figures.number(told["requests"])),
        (_("Complaints"), figures.number(told["complaints"])),
        (_("Drift"), figures.number(told["drift"], places=4)),
        (_("Cost of 1,000 requests"), figures.number(told["cost_per_1000"], places=4)),
        (_("Signed by"), f"{markup.person(told['signed_by'])}, {markup.day(told['signed_at'])}"),
    ]
    yield f"<h4>{markup.text(_('Declared by a person'))}</h4>"
    yield markup.pairs(rows)
