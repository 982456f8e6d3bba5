"""What the catalogue's routes answer with."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from governance.catalog import queries
from governance.catalog.models import (
    Assurance,
    AuditPlan,
    Entry,
    FetchRequest,
    FetchState,
    ImportRequest,
    ImportState,
    SubjectKind,
    Tier,
    UseCase,
    Version,
)
from governance.people.models import Team


class SubjectDocument(serializers.Serializer[Entry]):
    """Which entry: kind, repository id and its two parts as they stand in addresses."""

    kind = serializers.ChoiceField(choices=SubjectKind.choices)
    id = serializers.CharField(source="repo_id")
    ns = serializers.CharField(source="namespace")
    name = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the base class has an attribute of it


class VersionSummary(serializers.ModelSerializer[Version]):
    """A version as lists show it."""

    class Meta:
        model = Version
        fields = (
            "revision",
            "digest",
            "assurance",
            "licenses",
            "task",
            "library",
            "file_count",
            "byte_count",
            "hub_modified_at",
            "imported_at",
        )


class CardSummary(serializers.Serializer[queries.Row]):
    """What the newest version's card was told: ``score`` in [0, 1], ``findings`` by severity."""

    score = serializers.FloatField(allow_null=True)
    verdict = serializers.CharField()
    findings = serializers.DictField(child=serializers.IntegerField())


class EntryRow(serializers.Serializer[queries.Row]):
    """An entry of the catalogue. ``latest`` is null for a name that nobody has imported."""

    subject = SubjectDocument(source="entry")
    team = serializers.CharField(source="entry.team.slug", default=None, allow_null=True)
    latest = VersionSummary(source="version", allow_null=True)
    card = CardSummary(source="*")


class EntryPage(serializers.Serializer[queries.Page]):
    """``total`` counts up to 1,000; ``more`` says that there are more."""

    items = EntryRow(source="rows", many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    order = serializers.ListField(child=serializers.CharField())
    total = serializers.IntegerField()
    more = serializers.BooleanField()


class EntryDocument(serializers.Serializer[Entry]):
    """One entry with its newest version and the other names that it goes by."""

    subject = SubjectDocument(source="*")
    team = serializers.CharField(source="team.slug", default=None, allow_null=True)
    latest = VersionSummary(allow_null=True)
    aliases = serializers.SerializerMethodField()

    def get_aliases(self, entry: Entry) -> list[str]:
        return sorted(entry.aliases.values_list("key", flat=True))


class CardFindingDocument(serializers.Serializer[Any]):
    """A finding: its code with parameters; the words are made where it is shown."""

    code = serializers.CharField()
    severity = serializers.CharField()
    field = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    locus = serializers.CharField()
    params = serializers.JSONField()


class CardDocument(serializers.Serializer[Any]):
    sha256 = serializers.CharField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    verdict = serializers.CharField()
    metadata = serializers.JSONField()
    findings = CardFindingDocument(many=True)


class FileDocument(serializers.Serializer[Any]):
    path = serializers.CharField()
    role = serializers.CharField()
    size = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    git_oid = serializers.CharField(allow_null=True)


class VersionDocument(serializers.Serializer[queries.VersionPage]):
    """One version with its card, findings and files (the first 500 by path; ``file_count`` counts them all)."""

    subject = SubjectDocument(source="entry")
    revision = serializers.CharField(source="version.revision")
    digest = serializers.CharField(source="version.digest")
    assurance = serializers.ChoiceField(choices=Assurance.choices, source="version.assurance")
    manifest_digest = serializers.CharField(source="version.manifest_digest", allow_null=True)
    role_digests = serializers.DictField(child=serializers.CharField(), source="version.role_digests")
    licenses = serializers.ListField(child=serializers.CharField(), source="version.licenses")
    task = serializers.CharField(source="version.task")
    library = serializers.CharField(source="version.library")
    tags = serializers.ListField(child=serializers.CharField(), source="version.tags")
    file_count = serializers.IntegerField(source="version.file_count")
    byte_count = serializers.IntegerField(source="version.byte_count", allow_null=True)
    hub_modified_at = serializers.DateTimeField(source="version.hub_modified_at", allow_null=True)
    imported_at = serializers.DateTimeField(source="version.imported_at")
    card = serializers.SerializerMethodField()
    files = FileDocument(many=True)

    def get_card(self, page: queries.VersionPage) -> CardDocument:
        card = page.version.card
        return CardDocument(
            {
                "sha256": card.sha256 if card is not None else None,
                "metadata": card.metadata if card is not None else {},
                "score": page.card.score,
                "verdict": page.card.verdict,
                "findings": [queries.finding_document(finding) for finding in page.card.findings],
            }
        ).data  # type: ignore[return-value]  # the schema is made from the annotation


class NodeDocument(serializers.Serializer[queries.Node]):
    kind = serializers.CharField()
    id = serializers.CharField(source="repo_id")
    source = serializers.CharField()  # type: ignore[assignment]  # the base class has an attribute of it
    known = serializers.BooleanField()


class HopDocument(serializers.Serializer[queries.Hop]):
    """``origin``, at this revision, stands in ``relation`` to ``target``."""

    depth = serializers.IntegerField()
    relation = serializers.CharField()
    field = serializers.CharField()
    declared = serializers.BooleanField()
    current = serializers.BooleanField()
    origin = NodeDocument()
    revision = serializers.CharField()
    digest = serializers.CharField()
    target = NodeDocument()


class LineageDocument(serializers.Serializer[queries.Lineage]):
    direction = serializers.ChoiceField(choices=queries.DIRECTIONS)
    depth = serializers.IntegerField()
    hops = HopDocument(many=True)
    truncated = serializers.BooleanField()


class ChangeDocument(serializers.Serializer[queries.Change]):
    name = serializers.CharField()
    change = serializers.ChoiceField(choices=["added", "removed", "changed"])
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class DifferenceDocument(serializers.Serializer[queries.Difference]):
    """``roles`` are those whose files have another digest: what decides which review lanes reopen."""

    before = VersionSummary()
    after = VersionSummary()
    roles = ChangeDocument(many=True)
    files = ChangeDocument(many=True)
    metadata = ChangeDocument(many=True)
    card_changed = serializers.BooleanField()
    truncated = serializers.BooleanField()


class ImportDocument(serializers.Serializer[ImportRequest]):
    """An import that somebody asked for. ``subject`` and ``version`` are null until it is done."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(choices=ImportState.choices)
    kind = serializers.ChoiceField(choices=SubjectKind.choices)
    repo_id = serializers.CharField()
    revision = serializers.CharField()
    team = serializers.CharField(source="team.slug", default=None, allow_null=True)
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    code = serializers.CharField()
    message = serializers.CharField()
    change = serializers.CharField()
    subject = SubjectDocument(source="version.entry", default=None, allow_null=True)
    version = VersionSummary(allow_null=True)
    url = serializers.SerializerMethodField()

    def get_url(self, request: ImportRequest) -> str:
        return reverse("entry-import", args=[request.public_id])


class FetchDocument(serializers.ModelSerializer[FetchRequest]):
    """A fetch of a version's files. ``left_out`` files stay unread; the message names them and says why."""

    id = serializers.UUIDField(source="public_id")
    state = serializers.ChoiceField(choices=FetchState.choices)

    class Meta:
        model = FetchRequest
        fields = (
            *("id", "state", "requested_at", "finished_at", "bytes_done", "bytes_known"),
            *("fetched", "left_out", "code", "message"),
        )


class UseCaseDocument(serializers.ModelSerializer[UseCase]):
    """What a model is used for. ``edition`` is what a change names in If-Match."""

    owner_team = serializers.SlugRelatedField[Team](slug_field="slug", read_only=True)
    tier = serializers.ChoiceField(choices=Tier.choices)
    licence_profile = serializers.JSONField()

    class Meta:
        model = UseCase
        fields = (
            "slug",
            "name",
            "purpose",
            "people_affected",
            "owner_team",
            "tier",
            "licence_profile",
            "employment_decision_tool",
            "edition",
            "created_at",
        )


class PlanParts(serializers.Serializer[Any]):
    """The parts of an audit plan, as in the documentation of the audits that read them."""

    bias = serializers.JSONField(required=False)
    stress = serializers.JSONField(required=False)


class PlanDocument(PlanParts):
    """An audit plan in force. ``number`` is its ETag, ``sha256`` that of its parts as RFC 8785 JSON."""

    number = serializers.IntegerField()
    sha256 = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_null=True)


def plan_document(plan: AuditPlan) -> dict[str, Any]:
    """A plan with its parts beside what is known of it: what is read can be sent back as it is."""
    about = {
        "number": plan.number,
        "sha256": plan.sha256,
        "created_at": plan.created_at,
        "created_by": plan.created_by.name if plan.created_by is not None else None,
    }
    return {**PlanDocument({**plan.document, **about}).data}


class TeamDocument(serializers.ModelSerializer[Team]):
    class Meta:
        model = Team
        fields = ("slug", "name")
