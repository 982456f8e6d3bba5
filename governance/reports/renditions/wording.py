"""What the numbers and kinds of a report's document are called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

COUNTS: Mapping[str, _StrPromise] = {
    "entries": gettext_lazy("Models, datasets and Spaces"),
    "versions": gettext_lazy("Versions in the inventory"),
    "approvals_in_force": gettext_lazy("Approvals in force"),
    "reviews_open": gettext_lazy("Reviews under way"),
    "reviews_overdue": gettext_lazy("Reviews past their date"),
    "waivers_in_force": gettext_lazy("Waivers in force"),
    "overrides_in_force": gettext_lazy("Overrides in force"),
    "suspensions_standing": gettext_lazy("Suspensions that stand"),
    "triggers_open": gettext_lazy("Reasons to look again, open"),
    "versions_imported": gettext_lazy("Versions imported"),
    "decisions": gettext_lazy("Decisions"),
    "approvals_granted": gettext_lazy("Approvals granted"),
    "approvals_ended": gettext_lazy("Approvals ended early"),
    "approvals_suspended": gettext_lazy("of these, by a suspension"),
    "approvals_expired": gettext_lazy("Approvals that ran out"),
    "waivers_accepted": gettext_lazy("Waivers accepted"),
    "waivers_expired": gettext_lazy("Waivers that ran out"),
    "overrides_confirmed": gettext_lazy("Overrides confirmed"),
    "suspensions_made": gettext_lazy("Suspensions made"),
    "audits_ended": gettext_lazy("Audits done"),
    "audits_failed": gettext_lazy("Audits that measured nothing"),
    "gate_evaluations": gettext_lazy("Gate evaluations on record"),
    "gate_evaluations_denied": gettext_lazy("of these, denied"),
}
COUNTED = gettext_lazy(
    "Gate evaluations on record are those that were asked for by POST and came to a last word. A plain question to the"
    " gate (GET, or the command gate) is answered and not kept, so no number here tells of it."
)
EXCEPTIONS: Mapping[str, _StrPromise] = {
    "waiver": gettext_lazy("Waiver"),
    "override": gettext_lazy("Override by two administrators"),
    "licence_override": gettext_lazy("Licence override"),
    "suspension": gettext_lazy("Suspension"),
    "gate_mode": gettext_lazy("Gate that is not enforced"),
}
SECTIONS: Mapping[str, _StrPromise] = {
    "decisions": gettext_lazy("Decisions"),
    "exceptions": gettext_lazy("Waivers, overrides and suspensions"),
    "inventory": gettext_lazy("Inventory"),
    "not_checked": gettext_lazy("What was not checked"),
    "versions": gettext_lazy("Versions in full"),
}
HOW: Mapping[str, _StrPromise] = {
    "added": gettext_lazy("new"),
    "removed": gettext_lazy("gone"),
    "changed": gettext_lazy("changed"),
}
CARD: Mapping[str, _StrPromise] = {
    "intended_uses": gettext_lazy("Intended use"),
    "limitations": gettext_lazy("Limitations"),
    "training_data": gettext_lazy("Training data"),
    "evaluation": gettext_lazy("Evaluation, as its author tells"),
    "creation": gettext_lazy("How the data were made"),
    "structure": gettext_lazy("Structure of the data"),
}
FACTS: Mapping[str, _StrPromise] = {
    "identity": gettext_lazy("identity and digest"),
    "versions": gettext_lazy("inventory of versions"),
    "card.purpose": gettext_lazy("card: intended use"),
    "card.limits": gettext_lazy("card: limitations"),
    "card.data": gettext_lazy("card: data"),
    "card.evaluation": gettext_lazy("card: evaluation"),
    "lineage": gettext_lazy("lineage"),
    "licence": gettext_lazy("licence chain"),
    "files": gettext_lazy("manifest of files"),
    "audit.files": gettext_lazy("file audit"),
    "audit.metrics": gettext_lazy("metrics"),
    "audit.bias": gettext_lazy("bias audit"),
    "audit.robustness": gettext_lazy("robustness audit"),
    "audit.data": gettext_lazy("data audit"),
    "audit.drift": gettext_lazy("drift audit"),
    "audit_plan": gettext_lazy("audit plans"),
    "use_case": gettext_lazy("use cases with purpose and tier"),
    "decisions": gettext_lazy("decisions with votes"),
    "approvals": gettext_lazy("approvals with their end"),
    "policies": gettext_lazy("policy versions"),
    "waivers": gettext_lazy("waivers and overrides"),
    "suspensions": gettext_lazy("suspensions"),
    "pilot": gettext_lazy("pilot reports"),
    "limits": gettext_lazy("what was not checked"),
    "reproduction": gettext_lazy("how to make it again"),
}
MISSING: Mapping[str, _StrPromise] = {
    "none": gettext_lazy("This audit keeps no document of figures."),
    "erased": gettext_lazy("Its figures were erased since."),
    "altered": gettext_lazy("Its figures are not those that were stored, and are left out."),
    "too_large": gettext_lazy("Its figures are too many for a report; the run has them."),
}


def named(words: Mapping[str, _StrPromise], key: object) -> str:
    """A key in words; one that is not known keeps its own text."""
    found = words.get(str(key))
    return str(found) if found is not None else str(key).replace("_", " ")


def said(words: Any) -> str:
    """A sentence that was worded when the report was made, in the language in force."""
    if not isinstance(words, Mapping):
        return ""
    language = (get_language() or "en").split("-")[0]
    return str(words.get(language) or words.get("en") or "")


def period_title(period: Mapping[str, Any]) -> str:
    """October 2026; 4th quarter of 2026; 1 to 15 November 2026."""
    first, last = (dt.date.fromisoformat(period[name]) for name in ("first_day", "last_day"))
    if period["kind"] == "month":
        return str(date_format(first, "F Y", use_l10n=False))
    if period["kind"] == "quarter":
        return _("Quarter %(n)s of %(year)s") % {"n": (first.month + 2) // 3, "year": first.year}
    return _("%(first)s to %(last)s") % {"first": first.isoformat(), "last": last.isoformat()}


def scope_title(scope: Mapping[str, Any]) -> str:
    """The portfolio, or the team's name."""
    return _("All teams") if scope["kind"] == "portfolio" else str(scope["name"] or scope["slug"])
