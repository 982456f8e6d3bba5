"""REST: the catalogue."""

from governance.catalog.api.entries import (
    DifferenceView,
    Entries,
    EntryView,
    FetchView,
    Imports,
    ImportView,
    LineageView,
    Versions,
    VersionView,
)
from governance.catalog.api.use_cases import (
    AuditPlanView,
    Teams,
    TierDecision,
    TierProposals,
    UseCases,
    UseCaseView,
)

__all__ = [
    "AuditPlanView",
    "DifferenceView",
    "Entries",
    "EntryView",
    "FetchView",
    "ImportView",
    "Imports",
    "LineageView",
    "Teams",
    "TierDecision",
    "TierProposals",
    "UseCaseView",
    "UseCases",
    "VersionView",
    "Versions",
]
