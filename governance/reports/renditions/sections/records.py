"""Decisions, exceptions, and what was not checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from governance.reports.renditions import markup
from governance.reports.renditions import wording as words
from governance.reports.renditions.sections.common import (
    END,
    LONGEST_PRINTED,
    Item,
    batches,
    begin,
    cut,
    left_to_annex,
    note,
    room_after,
    subject,
)
from governance.reports.renditions.source import Document


def decisions(document: Document, *, lines: int | None) -> Iterator[str]:
    yield begin(4, _("Decisions"), key="decisions")
    total, shown = document.count("decisions"), 0
    if not total:
        yield note(_("There was no decision in the period."))
    head = [_("Version"), _("For"), _("Outcome"), _("Decided"), _("Votes"), _("Reason"), _("Rested on")]
    room = lines
    for items in batches(document.items("decisions")):
        rows = []
        for item in items:
            room, fits = room_after(room, 3 + len(item["votes"]) + len(item["reason"][:LONGEST_PRINTED]) // 25)
            if not fits:
                break
            rows.append(_decision_row(item, brief=lines is not None))
        if rows:
            yield markup.table(_("Decisions, in the order in which they were made"), head, rows, kinds="ttttwwt")
        shown += len(rows)
        if len(rows) < len(items):
            break
    yield left_to_annex(shown, total)
    yield END


def _decision_row(item: Item, *, brief: bool) -> list[str]:
    votes = [
        f"{markup.word(vote['lane'], 'lane')}: {markup.status(vote['value'], 'vote')} {markup.person(vote['voter'])}"
        + (f"<br>{markup.name(cut(vote['reason'], brief))}" if vote["reason"] else "")
        for vote in item["votes"]
    ]
    policies = [f"{markup.name(one['name'])} {one['number']}" for one in item["policies"]]
    failed = [one for one in item["requirements"] if one.get("status") not in ("satisfied", "not_applicable")]
    open_ones = [
        f"{markup.name(one.get('title') or one.get('id'))}: {markup.status(one.get('status'), 'requirement')}"
        for one in failed[:5]
    ]
    by = markup.text(_("by itself")) if item["automatic"] else markup.person(item["decided_by"])
    approval = item["approval"]
    until = f"<br>{markup.text(_('until'))} {markup.day(approval['expires_at'])}" if approval else ""
    ended = (
        f"<br>{markup.status(approval['ended_reason'], 'approval')} {markup.day(approval['ended_at'])}"
        if approval and approval["ended_at"]
        else ""
    )
    where = f"{markup.word(item['stage'], 'stage')}, {markup.word(item['tier'], 'tier')}"
    return [
        subject(item["subject"]),
        f"{markup.name(item['use_case'])}<br>{where}",
        f"{markup.status(item['outcome'], 'submission')}<br>{markup.status(item['verdict'], 'gate')}{until}{ended}",
        f"{markup.day(item['decided_at'], time=True)}<br>{by}",
        "<br>".join(votes) or markup.quiet(_("none")),
        markup.name(cut(item["reason"], brief)),
        "<br>".join([*policies, *open_ones, f"{markup.text(_('facts'))} {markup.digest(item['facts_sha256'])}"]),
    ]


def exceptions(document: Document, *, lines: int | None) -> Iterator[str]:
    yield begin(5, _("Waivers, overrides and suspensions"), key="exceptions")
    total, shown = document.count("exceptions"), 0
    if not total:
        yield note(_("There was none in the period, and none was in force at its end."))
    head = [_("What"), _("State"), _("Of"), _("Reason"), _("Control in its place"), _("Asked and decided"), _("Ends")]
    room = lines
    for items in batches(document.items("exceptions")):
        rows = []
        for item in items:
            room, fits = room_after(room, 4 + len(item["reason"][:LONGEST_PRINTED]) // 25)
            if not fits:
                break
            rows.append(_exception_row(item, brief=lines is not None))
        if rows:
            yield markup.table(
                _("Waivers, overrides, suspensions, gates that are not enforced"), head, rows, kinds="wttwttt"
            )
        shown += len(rows)
        if len(rows) < len(items):
            break
    yield left_to_annex(shown, total)
    yield END


_EXCEPTION_FAMILY = {"waiver": "waiver", "override": "override", "licence_override": "waiver", "suspension": "approval"}


def _exception_row(item: Item, *, brief: bool) -> list[str]:
    what = [
        markup.name(one.get("title") or one.get("requirement") or one.get("code") or "")
        if isinstance(one, Mapping)
        else markup.name(one)
        for one in item["what"][:6]
    ]
    of = item.get("subject") or None
    entry = item.get("entry")
    where = subject(of) if of else markup.name(entry["id"]) if entry else markup.quiet("–")
    if item["use_case"]:
        where += f"<br>{markup.name(item['use_case'])}" + (
            f", {markup.word(item['stage'], 'stage')}" if item["stage"] else ""
        )
    people = f"{markup.person(item['asked_by'])}, {markup.day(item['asked_at'])}"
    if item["decided_at"]:
        people += f"<br>{markup.person(item['decided_by'])}, {markup.day(item['decided_at'])}"
    ends = markup.day(item["expires_at"]) if item["expires_at"] else markup.quiet("–")
    if item["ended_at"]:
        why = markup.name(cut(item["ended_reason"] or "", brief))
        ends += f"<br>{markup.text(_('ended'))} {markup.day(item['ended_at'])} {why}"
    return [
        "<br>".join([f"<b>{markup.text(words.named(words.EXCEPTIONS, item['kind']))}</b>", *filter(None, what)]),
        markup.status(item["state"], _EXCEPTION_FAMILY.get(item["kind"], "approval")),
        where,
        markup.name(cut(item["reason"], brief)),
        markup.name(cut(item["control"], brief)) if item["control"] else markup.quiet(_("not stated")),
        people,
        ends,
    ]


def not_checked(document: Document, *, lines: int | None) -> Iterator[str]:
    yield begin(6, _("What was not checked"), key="not-checked")
    yield note(_("What nobody measured, and what this report cannot tell. Nothing here counts as passed."))
    total, shown = document.count("not_checked"), 0
    room = lines
    for items in batches(document.items("not_checked")):
        rows = []
        for item in items:
            said = words.said(item["words"])
            room, fits = room_after(room, 2 + len(said) // 80)
            if not fits:
                break
            rows.append([markup.name(said), subject(item["subject"]), markup.name(item["use_case"] or "–")])
        if rows:
            yield markup.table(_("Not checked"), [_("What"), _("Version"), _("Use case")], rows, kinds="wtt")
        shown += len(rows)
        if len(rows) < len(items):
            break
    yield left_to_annex(shown, total)
    yield END
