"""Cover and summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from governance.evidence.metric_words import capital
from governance.evidence.showing import kind_name
from governance.reports.renditions import markup
from governance.reports.renditions import wording as words
from governance.reports.renditions.sections.common import (
    END,
    Item,
    begin,
    family_of,
    left_to_annex,
    note,
)
from governance.reports.renditions.source import Document, Source
from governance.web.templatetags import figures


def cover(source: Source, *, brief: bool) -> Iterator[str]:
    told = source.document.cover
    edition = _("Edition %(n)s") % {"n": told["edition"]}
    title = _("Model audit report")
    yield (
        f'<section class="sheet cover" id="cover"><p class="brand">{markup.text(told["product"])}'
        f"<span>{markup.text(edition)}</span></p><h1>{markup.text(title)}<br>"
        f"{markup.text(words.period_title(told['period']))}</h1>"
        f'<p class="lead">{markup.name(words.scope_title(told["scope"]))}. {markup.day(told["period"]["first_day"])} – '
        f"{markup.day(told['period']['last_day'])}, {markup.text(told['period']['time_zone'])}</p>"
    )
    if told["provisional"]:
        until = markup.day(told["as_of"], time=True)
        says = markup.text(_("The period had not ended. This edition tells of it until"))
        yield f'<p class="banner warn">▲ {says} {until}.</p>'
    yield from _how_to_check(source)
    if brief:
        says = _(
            "This print holds the cover, the summary, decisions, exceptions, what was not checked and the control"
            " matrix, and in full only the versions that changed, failed, expired or were waived."
        )
        yield note(says)
    says = _(
        "No sentence of this report says that a law or standard is met. It says what was compared, and who decides."
    )
    yield note(says)
    yield END


def _how_to_check(source: Source) -> Iterator[str]:
    """The digests by which a print can be held against the ledger, and the command that does."""
    told = source.document.cover
    previous = told["previous"]
    ledger = told["ledger"]
    yield '<div class="verify">'
    yield f"<h2>{markup.text(_('How to check this report'))}</h2>"
    says = _(
        "The whole document is a JSON file, the full annex. Its digest stands here and in the ledger. This command says"
        " whether they are the same; whoever has the file gives the file in place of the digest:"
    )
    command = f"python manage.py verify_report {source.sha256}"
    yield f'<p>{markup.text(says)}</p><pre class="command">{markup.text(command)}</pre>'
    rows = [
        (_("Full annex"), f"sha256 {markup.full_digest(source.sha256)}"),
        (_("Content"), f"sha256 {markup.full_digest(told['content_sha256'])}"),
        (_("As of"), markup.day(told["as_of"], time=True)),
        (_("Read at"), markup.day(told["read_at"], time=True)),
        (
            _("Ledger when it was read"),
            _("%(n)s entries, root ") % {"n": figures.number(ledger["size"])} + markup.digest(ledger["root"])
            if ledger
            else markup.quiet(_("no checkpoint yet")),
        ),
        (
            _("Edition before"),
            f"{markup.text(previous['period'])}, {previous['number']}, {markup.digest(previous['document_sha256'])}"
            if previous
            else markup.quiet(_("none")),
        ),
        (_("Made by"), markup.text(f"{told['product']} {told['product_version']}")),
    ]
    yield markup.pairs(rows)
    yield "</div>"


MOST_DIFFERENCES = 500


def summary(document: Document, *, most: int | None) -> Iterator[str]:
    told, differences = document.section("summary"), document.differences
    yield begin(1, _("Summary"), key="summary")
    counts = {one["name"]: one["n"] for one in told["counts"]}
    in_one = _(
        "Approvals in force: %(force)s, decisions: %(decisions)s, waivers in force: %(waivers)s,"
        " reviews late: %(late)s."
    )
    names = {
        "force": "approvals_in_force",
        "decisions": "decisions",
        "waivers": "waivers_in_force",
        "late": "reviews_overdue",
    }
    told_in_one = in_one % {key: figures.number(counts.get(name)) for key, name in names.items()}
    yield f'<p class="verdict">{markup.text(told_in_one)}</p>\n'
    before = {one["name"]: one["before"] for one in differences["counts"] if one.get("group", "counts") == "counts"}
    against = differences["against"]
    title = (
        _("Compared with %(period)s, edition %(n)s") % {"period": against["period"], "n": against["number"]}
        if against
        else _("Counts; there is no edition before")
    )
    rows = [_count_row(one, before) for one in told["counts"]]
    yield markup.table(title, [_("Count"), _("Before"), _("Now"), _("Change")], rows, kinds="tnnn")
    yield note(str(words.COUNTED))
    yield _in_force(told["in_force"])
    rows = [[markup.word(one["name"], "submission"), figures.number(one["n"])] for one in told["decisions"]]
    yield markup.table(_("Decisions by outcome"), [_("Outcome"), _("Decisions")], rows, kinds="tn")
    if told["runs"]:
        rows = [
            [
                markup.text(capital(kind_name(one["kind"]))),
                markup.status(one["verdict"], family_of(one["kind"])),
                figures.number(one["n"]),
            ]
            for one in told["runs"]
        ]
        yield markup.table(
            _("Audits that ended in the period"),
            [pgettext("check", "Audit"), _("Came to"), _("Audits")],
            rows,
            kinds="ttn",
        )
    yield from _differences(differences, most=most)
    yield END


def _count_row(one: Item, before: Mapping[str, Any]) -> list[str]:
    was, now = before.get(one["name"]), one["n"]
    change = "" if was is None else f"{now - was:+d}".replace("-", figures.MINUS) if now != was else "0"
    return [
        markup.text(words.named(words.COUNTS, one["name"])),
        markup.quiet("–") if was is None else markup.text(figures.number(was)),
        markup.text(figures.number(now)),
        markup.text(change) if change else markup.quiet("–"),
    ]


def _in_force(rows: Sequence[Item]) -> str:
    stages = list(dict.fromkeys(one["stage"] for one in rows))
    tiers = list(dict.fromkeys(one["tier"] for one in rows))
    n = {(one["stage"], one["tier"]): one["n"] for one in rows}
    body = [
        [markup.word(stage, "stage"), *(figures.number(n.get((stage, tier), 0)) for tier in tiers)] for stage in stages
    ]
    head = [_("Stage"), *(str(markup.word(tier, "tier")) for tier in tiers)]
    return markup.table(_("Approvals in force, by stage and risk tier"), head, body, kinds="t" + "n" * len(tiers))


def _differences(differences: Item, *, most: int | None) -> Iterator[str]:
    yield f"<h3>{markup.text(_('What changed since the edition before'))}</h3>"
    if differences["against"] is None:
        yield note(_("There is no edition before to compare with."))
        return
    rows = [
        [
            markup.text(words.named(words.SECTIONS, one["section"])),
            figures.number(one["added"]),
            figures.number(one["changed"]),
            figures.number(one["removed"]),
        ]
        for one in differences["sections"]
    ]
    yield markup.table(_("Differences"), [_("Section"), _("New"), _("Changed"), _("Gone")], rows, kinds="tnnn")
    every = [(one["section"], item) for one in differences["sections"] for item in one["items"]]
    limit = MOST_DIFFERENCES if most is None else most
    rows = [
        [
            markup.name(item["title"]),
            markup.text(words.named(words.SECTIONS, section)),
            markup.text(words.named(words.HOW, item["how"])),
            markup.name(", ".join(dict.fromkeys(field["path"] for field in item["fields"] if field["path"]))[:300]),
        ]
        for section, item in every[:limit]
    ]
    if rows:
        head = [_("What"), _("Section"), _("How"), _("Fields")]
        yield markup.table(_("What is different"), head, rows, kinds="tttt")
    yield left_to_annex(len(rows), len(every))
