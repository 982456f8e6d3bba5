"""Section 8: how to make the report again, and the digests of all that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from governance.reports.sections.asked import ReportScope
from governance.reports.sections.gaps import Gaps
from governance.reports.sections.not_checked import in_words
from governance.reports.shapes import Reproduction

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# What keeps no history, so that a report tells it as it stood when it was read.
AS_READ: Mapping[str, _StrPromise] = {
    "use_case": _("Name, purpose, people affected, owner and tier of a use case; a decision quotes the tier it knew."),
    "owner": _("The team that owns an entry."),
    "assurance": _("How well the bytes of a version are known."),
    "review.due": _("The day by which a review is due."),
    "waiver.proposed": _("The text of a waiver that nobody had answered."),
}


def value(asked: ReportScope, gaps: Gaps) -> Reproduction:
    """How to make it again, from what was noted while the other sections were read."""
    team = [] if asked.team is None else ["--team", asked.team.slug]
    return {
        "commands": [
            " ".join(["python manage.py build_report --period", asked.period.label, *team]),
            "python manage.py verify_report FILE",
            "python manage.py verify_ledger",
        ],
        "product_version": settings.PRODUCT_VERSION,
        "packages": {name: sorted(numbers) for name, numbers in sorted(gaps.packages.items())},
        "policies": [gaps.policies[key] for key in sorted(gaps.policies)],
        "audit_plans": sorted(gaps.plans),
        "licence_tables": sorted(gaps.tables),
        "as_read": [{"what": what, "words": in_words(said, {})} for what, said in AS_READ.items()],
    }
