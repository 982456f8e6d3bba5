"""The dossier of a version as one HTML file: no scripts, its style sheet inside, A4 on paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from governance.reports import dossier
from governance.reports.renditions import html, markup

# As in the portal: how much of a line is shown of a fact. The JSON has all of it.
LONGEST_LINE = 400


def page(told: Mapping[str, Any], *, language: str) -> str:
    """The page of a dossier's document, in a language, with times in UTC."""
    with translation.override(language), timezone.override("UTC"):
        return "".join([_front(told), _points(told), html.END])


def _front(told: Mapping[str, Any]) -> str:
    subject, framework, n = told["subject"], told["framework"], dossier.gaps(told)
    title = _("Dossier in the order of Annex IV")
    use_cases = {one["slug"]: one["name"] for one in told["content"]["versions"][0]["use_cases"]}
    use_case = use_cases.get(told["use_case"], told["use_case"])
    style = html.screen_style() + html.running_heads(title, f"sha256 {subject['digest'][:32]}…")
    says = _(
        "What this product holds for each point, and what it does not. It is no technical documentation, and no line"
        " says that a point is met: whoever draws the documentation up decides."
    )
    unverified = _(
        "The points are in our own words; none has been compared word for word with the original (unverified)."
    )
    rows = [
        (_("Version"), f"{markup.name(subject['id'])} @ {markup.code(subject['revision'])}"),
        (_("Digest"), f"sha256 {markup.full_digest(subject['digest'])}"),
        (_("As of"), markup.day(told["as_of"], time=True)),
        (_("Points with gaps"), str(n["some"])),
        (_("Points without any fact"), str(n["none"])),
        (_("Points outside this product"), str(n["outside"])),
    ]
    source = f"{framework['citation']}, {framework['dated']}."
    return (
        html.head(f"{title} · {subject['id']}", style=style)
        + f'<section class="sheet cover" id="dossier"><h1>{markup.text(title)}</h1>'
        f'<p class="lead">{markup.name(subject["id"])} · {markup.name(use_case)}</p>{markup.pairs(rows)}'
        f'<p class="note">{markup.text(says)} {markup.text(source)} {markup.text(unverified)}</p>\n'
    )


def _points(told: Mapping[str, Any]) -> str:
    head = [_("Point"), _("In short, in our words"), _("What is there"), _("Gaps")]
    rows = [
        [
            markup.text(row["id"]),
            f"{markup.text(row['name'])}<br>{markup.quiet(row['says'])}",
            "".join(_held(fact) for fact in row["held"]) or markup.quiet(_("nothing")),
            _gaps(row),
        ]
        for row in dossier.shown(told)
    ]
    return markup.table(_("Points of Annex IV"), head, rows, kinds="twww") + "</section>\n"


def _held(fact: Mapping[str, Any]) -> str:
    lines = [f"<b>{markup.text(fact['name'])}</b>"]
    for line in fact["lines"]:
        lines.append(markup.name(line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"))
    told = f"<p>{'<br>'.join(lines)}</p>"
    return told + "".join(markup.passage(one) for one in fact["passages"])


def _gaps(row: Mapping[str, Any]) -> str:
    if row["state"] == "outside":
        return markup.quiet(_("to be brought from elsewhere"))
    marked = [f'<p class="open"><i>{markup.MARKS["open"]}</i> {markup.text(gap)}</p>' for gap in row["gaps"]]
    return "".join(marked) or markup.quiet(_("none that this product knows of"))
