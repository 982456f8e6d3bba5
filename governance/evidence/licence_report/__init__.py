"""What the licences above a version say of a use, as pages show it: the chain, what stands against it, the ways out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.kinds import license as licence_audit
from audits.kinds.base import InputsRejected
from governance.catalog.models import UseCase, Version
from governance.evidence.licence_report.drawing import nodes_and_edges, paths_of_conflict
from governance.evidence.licence_report.duties import duty_rows
from governance.evidence.licence_report.findings import finding_row, merged, repair_row
from governance.evidence.licence_report.veil import veiled
from governance.evidence.wording.repairs import profile_value
from governance.licensing import queries as licensing
from governance.licensing.inputs import license_inputs
from governance.licensing.models import Override
from governance.people.models import User
from governance.web.sentences import as_sentence
from governance.web.templatetags import figures

MOST_DRAWN = 60
MOST_FINDINGS = 60
# Each way out is tried by judging everything again.
MOST_REPAIRED = 100


def report(
    user: User,
    *,
    version: Version,
    use_case: UseCase | None = None,
    may_override: bool = False,
    with_repairs: bool = True,
) -> dict[str, Any]:
    """All that ``licensing/partials`` shows of a version in a use case. At most a dozen queries.

    Works that the person may not see are told of without their names and licences. ``refused`` says why it cannot be
    judged, where that is so; then there is nothing else.
    """
    try:
        judged = veiled(judge(version, use_case, with_repairs=with_repairs), user=user)
    except InputsRejected as rejected:
        say = _("It cannot be judged; that counts as no.")
        return {"verdict": "unknown", "say": say, "why": as_sentence(str(rejected)), "refused": str(rejected)}
    drawn = licensing.chain(version=version, of=judged, most=MOST_DRAWN)
    document = judged.document
    found = merged(document["findings"])
    against = [one for one in found if one["severity"] != "obligation"]
    paths = paths_of_conflict(against)
    nodes, edges = nodes_and_edges(drawn, paths)
    notes = licensing.annotations_of({str(one["params"].get("licence_id", "")) for one in found})
    subject = str(judged.inputs["subject"])
    shown = against[:MOST_FINDINGS]
    rows = [finding_row(one, subject=subject, paths=paths, notes=notes, drawn=drawn) for one in shown]
    number = sum(one["severity"] == judged.verdict for one in against)
    return {
        "verdict": judged.verdict,
        "say": _say(judged.verdict, number),
        "why": _why(judged.verdict, rows, drawn),
        "name": subject,
        "nodes": nodes,
        "edges": edges,
        "left_out": drawn.more,
        "lit": len(paths),
        "findings": rows,
        "more": len(against) - len(shown),
        "has_conflict": any(row["severity"] == "conflict" for row in rows),
        "repairs": [repair_row(one) for one in document["repairs"]],
        "overridden": [
            {**finding_row(one, subject=subject, paths={}, notes={}, drawn=drawn), "override": one.get("override", {})}
            for one in merged(document.get("overridden", ()))
        ],
        "later": [
            finding_row(one, subject=subject, paths={}, notes={}, drawn=drawn)
            for one in [one for one in merged(document["latent"]) if one["severity"] != "obligation"][:MOST_FINDINGS]
        ],
        "duties": duty_rows(licensing.obligations(version=version, use_case=use_case, of=judged), subject=subject),
        "overrides": overrides(user, version=version, use_case=use_case),
        "may_override": may_override,
        "profile": profile(judged.inputs["use_profile"], use_case=use_case),
        "use_case": use_case,
        "table_digest": document["table_digest"],
        "matrix": document.get("matrix"),
        "corrections": len(judged.inputs.get("corrections", ())),
        "works": len(drawn.nodes) - 1 + drawn.more,
    }


def judge(version: Version, use_case: UseCase | None, *, with_repairs: bool) -> licensing.Judged:
    """A version judged now. Ways out of a conflict are looked for where that takes no longer than a page may."""
    inputs = license_inputs(version=version, use_case=use_case)
    tried = with_repairs and len(inputs["works"]) <= MOST_REPAIRED
    return licensing.Judged(inputs, licence_audit.outcome(inputs, with_repairs=tried))


def overrides(user: User, *, version: Version, use_case: UseCase | None) -> list[Override]:
    """The overrides in force for a version's entry that concern a use case, soonest to end first. One query."""
    of = Override.objects.visible_to(user).in_force().filter(entry=version.entry_id)
    if use_case is not None:
        of = of.filter(Q(use_case=None) | Q(use_case=use_case))
    return list(of.select_related("author", "use_case").order_by("until", "pk"))


def profile(given: Mapping[str, Any], *, use_case: UseCase | None) -> list[dict[str, str]]:
    """What the licences were compared with, label over value; what is not given is said to be so."""
    labels = {
        "purpose": _("Purpose"),
        "mode": _("Mode"),
        "territory": _("Places"),
        "mau": _("Users a month"),
        "revenue_usd_year": _("Revenue, USD a year"),
        "field": _("Field"),
        "strictness": _("Strictness"),
    }
    return [{"label": label, "value": _value(given.get(name))} for name, label in labels.items()]


def _value(value: Any) -> str:
    if value in (None, "", [], ()):
        return _("not given")
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return figures.number(value)
    return profile_value(value)


def _say(verdict: str, number: int) -> str:
    if verdict == "conflict":
        return ngettext(
            "What the licences say and this use do not go together, at %(n)s point.",
            "What the licences say and this use do not go together, at %(n)s points.",
            number,
        ) % {"n": number}
    return {
        "unknown": _("It cannot be told whether the licences allow this use; that counts as no."),
        "warning": _("On a cautious reading, something has to be settled before this use."),
        "obligation": _("Nothing that was read stands against this use; the licences ask for something in return."),
        "pass": _("Nothing that was read stands against this use."),
    }.get(verdict, "")


def _why(verdict: str, rows: Sequence[Mapping[str, Any]], drawn: licensing.Chain) -> str:
    works = len(drawn.nodes) - 1 + drawn.more
    followed = ngettext("%(n)s work above it was followed.", "%(n)s works above it were followed.", works) % {
        "n": works
    }
    first = next((str(row["title"]) for row in rows if row["severity"] == verdict), "")
    return f"{first} {followed}".strip()
