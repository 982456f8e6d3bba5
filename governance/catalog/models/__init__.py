"""What exists, and what it is used for."""

from governance.catalog.models.entries import Alias, Entry, EntryQuerySet, SubjectKind
from governance.catalog.models.lineage import Edge, Relation
from governance.catalog.models.requests import (
    FetchRequest,
    FetchState,
    ImportRequest,
    ImportRequestQuerySet,
    ImportState,
)
from governance.catalog.models.suspensions import Suspension, SuspensionQuerySet
from governance.catalog.models.use_cases import (
    AuditPlan,
    Stage,
    Tier,
    TierProposal,
    UseCase,
    UseCaseQuerySet,
)
from governance.catalog.models.versions import Assurance, Card, File, HubScan, LicenceText, Version, VersionQuerySet

__all__ = [
    "Alias",
    "Assurance",
    "AuditPlan",
    "Card",
    "Edge",
    "Entry",
    "EntryQuerySet",
    "FetchRequest",
    "FetchState",
    "File",
    "HubScan",
    "ImportRequest",
    "ImportRequestQuerySet",
    "ImportState",
    "LicenceText",
    "Relation",
    "Stage",
    "SubjectKind",
    "Suspension",
    "SuspensionQuerySet",
    "Tier",
    "TierProposal",
    "UseCase",
    "UseCaseQuerySet",
    "Version",
    "VersionQuerySet",
]
