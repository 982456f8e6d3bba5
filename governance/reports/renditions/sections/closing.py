"""The control matrix, and how to make the report again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from governance.reports.renditions import markup
from governance.reports.renditions import wording as words
from governance.reports.renditions.sections.common import (
    END,
    Item,
    begin,
    left_to_annex,
    note,
)
from governance.reports.renditions.source import Document
from governance.web.templatetags import figures


def control_matrix(document: Document) -> Iterator[str]:
    yield begin(7, _("Control matrix"), key="control-matrix")
    says = _(
        "Which facts of this report speak to which control, and where there are none. A row marked unverified has not"
        " been compared word for word with its original. Whether a control is met is for a person to decide."
    )
    yield note(says)
    matrix = document.section("control_matrix")
    have = matrix.get("facts") or {}
    for framework in matrix.get("frameworks") or ():
        yield f"<h3>{markup.text(framework['title'])}</h3>"
        yield note(f"{framework['citation']}, {framework['dated']}. {framework['address']}")
        rows = [_control_row(control, have) for control in framework["controls"]]
        head = [_("Control"), _("In short, in our words"), _("Facts in this report"), _("Compared")]
        yield markup.table(framework["title"], head, rows, kinds="twwt")
    if not matrix.get("frameworks"):
        yield note(_("This edition has no control matrix."))
    yield END


def _control_row(control: Item, have: Mapping[str, int]) -> list[str]:
    facts = [
        f"{words.named(words.FACTS, fact)}: {figures.number(have[fact])}" for fact in control["facts"] if have.get(fact)
    ]
    empty = [words.named(words.FACTS, fact) for fact in control["facts"] if not have.get(fact)]
    told = [markup.text(", ".join(facts))] if facts else []
    if empty:
        told.append(markup.quiet(_("nothing of: %(facts)s") % {"facts": ", ".join(empty)}))
    if not control["facts"]:
        told.append(markup.quiet(_("nothing here speaks to it")))
    return [
        f"{markup.text(control['id'])}<br>{markup.quiet(control['section'])}",
        markup.text(words.said(control["names"])) if control["names"] else markup.quiet(_("identifier only")),
        "<br>".join(told),
        markup.text(_("unverified") if control["checked"] == "unverified" else control["checked"]),
    ]


def reproduction(document: Document) -> Iterator[str]:
    yield begin(8, _("How to make this report again"), key="reproduction")
    told = document.section("reproduction")
    commands = "\n".join(told["commands"])
    yield f"<pre>{markup.text(commands)}</pre>\n"
    yield note(_("Equal facts give equal bytes: the digest of the content on the cover comes out again."))
    rows = [
        [markup.name(one["name"]), markup.text(one["number"]), markup.digest(one["sha256"])] for one in told["policies"]
    ]
    if rows:
        yield markup.table(_("Policies"), [_("Policy"), _("Version"), _("Digest")], rows, kinds="tnt")
    rows = [[markup.code(name), markup.text(", ".join(numbers))] for name, numbers in sorted(told["packages"].items())]
    if rows:
        yield markup.table(_("Packages that measured"), [_("Package"), _("Versions")], rows, kinds="tt")
    digests = [(_("Audit plan"), one) for one in told["audit_plans"]] + [
        (_("Licence table"), one) for one in told["licence_tables"]
    ]
    if digests:
        rows = [[markup.text(label), markup.full_digest(one)] for label, one in digests[:200]]
        yield markup.table(_("What audits followed"), [_("What"), _("Digest")], rows, kinds="tt")
        yield left_to_annex(len(rows), len(digests))
    if told["as_read"]:
        yield f"<h3>{markup.text(_('Told as it stood when it was read'))}</h3><ul>"
        yield "".join(f"<li>{markup.name(words.said(one['words']))}</li>" for one in told["as_read"])
        yield "</ul>\n"
    yield END
