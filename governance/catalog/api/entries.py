"""REST: entries, their versions and lineage, and imports."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from governance.catalog import fetching, queries, services
from governance.catalog.api import documents
from governance.catalog.models import Entry, ImportRequest, SubjectKind, Version
from governance.catalog.snapshots import SnapshotRefused
from governance.people.models import Scope, Team
from governance.people.queries import teams_seen_by
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.problems import Problem

SOURCE = OpenApiParameter("source", str, description="`hub:<host>` or `local`, where both have the id")


def entry_or_404(request: Request, kind: str, ns: str, name: str) -> Entry:
    """The entry that an address names, among those that the token's owner sees."""
    source = request.query_params.get("source")
    if source is not None and ("\0" in source or len(source) > 120):
        raise Http404
    entry = queries.find_entry(user=person(request), kind=kind, ns=ns, name=name, source=source)
    if entry is None:
        raise Http404
    return entry


def version_or_404(request: Request, kind: str, ns: str, name: str, sha: str) -> Version:
    """The version that an address names.

    Raises:
        Problem: 422 for a branch, a tag or a short sha.
    """
    try:
        version = queries.resolve(user=person(request), kind=kind, ns=ns, name=name, sha=sha)
    except queries.NotASha as no_sha:
        raise Problem(422, no_sha.code, str(no_sha)) from no_sha
    if version is None:
        raise Http404
    return version


class Entries(APIView):
    """The catalogue, page by page. With a text the best match comes first, else it is ordered by name."""

    scopes = {"GET": Scope.CATALOG_READ}

    class Filter(serializers.Serializer[None]):
        q = serializers.CharField(required=False, default="", max_length=200, allow_blank=True)
        kind = serializers.ChoiceField(choices=SubjectKind.choices, required=False, default="", allow_blank=True)
        license = serializers.CharField(required=False, default="", max_length=100, allow_blank=True)
        task = serializers.CharField(required=False, default="", max_length=80, allow_blank=True)
        card = serializers.ChoiceField(choices=["pass", "warn", "fail"], required=False, default="", allow_blank=True)
        catalogued = serializers.ChoiceField(choices=["true", "false", "all"], required=False, default="true")
        sort = serializers.ChoiceField(choices=list(queries.ORDERS), required=False, default="", allow_blank=True)
        limit = serializers.IntegerField(min_value=1, max_value=200, required=False, default=50)
        cursor = serializers.CharField(required=False, default="", max_length=2000, allow_blank=True)

    @extend_schema(operation_id="entries_list", parameters=[Filter], responses=documents.EntryPage)
    def get(self, request: Request) -> Response:
        sent = self.Filter(data=request.query_params)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        filters = queries.Filters(
            text=asked["q"],
            kind=asked["kind"],
            license=asked["license"],
            task=asked["task"],
            card=asked["card"],
            catalogued={"true": True, "false": False}.get(asked["catalogued"]),
        )
        try:
            page = queries.search(
                user=person(request),
                filters=filters,
                sort=asked["sort"],
                cursor=asked["cursor"],
                limit=asked["limit"],
            )
        except queries.BadCursor as bad:
            raise Problem(400, "bad_cursor", str(bad)) from bad
        links = {"next": _link(request, page.next), "previous": _link(request, page.previous)}
        return Response({**documents.EntryPage(page).data, **links})


def _link(request: Request, cursor: str) -> str | None:
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor) if cursor else None


class EntryView(APIView):
    """One entry. A repository without a namespace has ``_`` in its place."""

    scopes = {"GET": Scope.CATALOG_READ}

    @extend_schema(operation_id="entries_retrieve", parameters=[SOURCE], responses=documents.EntryDocument)
    def get(self, request: Request, kind: str, ns: str, name: str) -> Response:
        return Response(documents.EntryDocument(entry_or_404(request, kind, ns, name)).data)


class Versions(generics.ListAPIView[Version]):
    """The versions of an entry, the newest import first."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = documents.VersionSummary
    ordering = ("-imported_at", "-id")

    def get_queryset(self) -> QuerySet[Version]:
        if getattr(self, "swagger_fake_view", False):
            return Version.objects.none()
        return Version.objects.filter(entry=entry_or_404(self.request, **self.kwargs))

    @extend_schema(operation_id="entries_versions_list", parameters=[SOURCE])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class VersionView(APIView):
    """One version, by its commit or its digest, with its card's findings and its files."""

    scopes = {"GET": Scope.CATALOG_READ}

    @extend_schema(operation_id="entries_versions_retrieve", responses=documents.VersionDocument)
    def get(self, request: Request, kind: str, ns: str, name: str, sha: str) -> Response:
        version = version_or_404(request, kind, ns, name, sha)
        page = queries.version_page(user=person(request), version=version)
        return Response(documents.VersionDocument(page).data)


class LineageView(APIView):
    """What the newest version of an entry was made from (up), or what was made from the entry (down)."""

    scopes = {"GET": Scope.CATALOG_READ}

    class Filter(serializers.Serializer[None]):
        direction = serializers.ChoiceField(choices=queries.DIRECTIONS, required=False, default="up")
        depth = serializers.IntegerField(min_value=1, max_value=queries.DEEPEST, required=False, default=3)
        sha = serializers.CharField(required=False, max_length=64, help_text="start upwards from this version")

    @extend_schema(operation_id="entries_lineage", parameters=[Filter, SOURCE], responses=documents.LineageDocument)
    def get(self, request: Request, kind: str, ns: str, name: str) -> Response:
        sent = self.Filter(data=request.query_params)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        entry = entry_or_404(request, kind, ns, name)
        version = version_or_404(request, kind, ns, name, asked["sha"]) if "sha" in asked else None
        found = queries.lineage(
            user=person(request),
            version=version,
            entry=entry,
            direction=asked["direction"],
            depth=asked["depth"],
        )
        return Response(documents.LineageDocument(found).data)


class DifferenceView(APIView):
    """How one version of an entry differs from another: files, roles of files, card metadata."""

    scopes = {"GET": Scope.CATALOG_READ}

    @extend_schema(
        operation_id="entries_diff",
        parameters=[
            OpenApiParameter("from", str, required=True, description="commit or digest of the earlier version"),
            OpenApiParameter("to", str, required=True, description="commit or digest of the later version"),
        ],
        responses=documents.DifferenceDocument,
    )
    def get(self, request: Request, kind: str, ns: str, name: str) -> Response:
        before, after = (
            version_or_404(request, kind, ns, name, self._sha(request, parameter)) for parameter in ("from", "to")
        )
        if before.entry_id != after.entry_id:
            raise Http404
        return Response(documents.DifferenceDocument(queries.diff(before=before, after=after)).data)

    @staticmethod
    def _sha(request: Request, parameter: str) -> str:
        sha = request.query_params.get(parameter)
        if sha is None:
            raise Problem(
                400, "parameter_missing", f"say which versions to compare: ?from=SHA&to=SHA lacks {parameter}"
            )
        return sha


class FetchView(APIView):
    """Have the files of a version fetched from the Hub for the file scan, and see how that goes.

    They are held against the hashes that were listed at import, and go as far as the budget; what is left out blocks
    the scan. Where a fetch is under way already, the answer is that one.
    """

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.CATALOG_WRITE}

    @extend_schema(operation_id="entries_versions_fetch_retrieve", responses=documents.FetchDocument)
    def get(self, request: Request, kind: str, ns: str, name: str, sha: str) -> Response:
        version = version_or_404(request, kind, ns, name, sha)
        newest = version.fetches.order_by("-requested_at", "-pk").first()
        if newest is None:
            raise Http404
        return Response(documents.FetchDocument(newest).data)

    @extend_schema(operation_id="entries_versions_fetch", request=None, responses={202: documents.FetchDocument})
    @idempotent()
    def post(self, request: Request, kind: str, ns: str, name: str, sha: str) -> Response:
        version = version_or_404(request, kind, ns, name, sha)
        try:
            wish = services.request_fetch(version=version, by=person(request), at=timezone.now())
        except fetching.FetchRefused as refused:
            status = 403 if refused.code == "not_allowed" else 422
            raise Problem(status, refused.code, refused.message) from refused
        return Response(documents.FetchDocument(wish).data, status=202)


# --- imports -------------------------------------------------------------------------------------------------------


class WantedImport(serializers.Serializer[None]):
    """Which repository of the Hub, at which commit, for whom."""

    id = serializers.CharField(max_length=300, help_text="repository id on the Hub")
    kind = serializers.ChoiceField(choices=SubjectKind.choices, required=False, default=SubjectKind.MODEL.value)
    revision = serializers.CharField(
        max_length=300, required=False, allow_null=True, help_text="commit of 40 hex digits; the newest if left out"
    )
    team = serializers.SlugField(
        max_length=60, required=False, allow_null=True, help_text="who owns a new entry; everybody sees one without"
    )


class Imports(APIView):
    """Have a repository of the Hub imported. The answer tells where to look how it goes."""

    scopes = {"POST": Scope.CATALOG_WRITE}

    @extend_schema(operation_id="entries_import", request=WantedImport, responses={202: documents.ImportDocument})
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = WantedImport(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        try:
            wish = services.request_import(
                repo_id=asked["id"],
                kind=asked["kind"],
                revision=asked.get("revision"),
                team=_team(request, asked.get("team")),
                by=person(request),
                at=timezone.now(),
            )
        except services.ImportNotAllowed as refused:
            raise Problem(403, refused.code, refused.message) from refused
        except SnapshotRefused as refused:
            raise Problem(422, refused.code, refused.message) from refused
        location = request.build_absolute_uri(reverse("entry-import", args=[wish.public_id]))
        return Response(documents.ImportDocument(wish).data, status=202, headers={"Location": location})


def _team(request: Request, slug: str | None) -> Team | None:
    """A team by its slug, among those that the token's owner sees."""
    if slug is None:
        return None
    seen = teams_seen_by(person(request))
    team = (Team.objects.all() if seen is None else Team.objects.filter(pk__in=seen)).filter(slug=slug).first()
    if team is None:
        raise Problem(422, "unknown_team", f"there is no team {slug!r} that you are in; teams/ lists them")
    return team


class ImportView(APIView):
    """How an import goes: queued, running, done with its version, or refused with the reason."""

    scopes = {"GET": Scope.CATALOG_READ}

    @extend_schema(operation_id="entries_imports_retrieve", responses=documents.ImportDocument)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        wishes = ImportRequest.objects.visible_to(person(request)).select_related("team", "version__entry")
        return Response(documents.ImportDocument(get_object_or_404(wishes, public_id=public_id)).data)
