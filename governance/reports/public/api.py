"""REST: public summaries under Local Law 144."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.catalog.models import UseCase
from governance.people.models import Scope
from governance.reports.public import queries, services
from governance.reports.public.models import PublicPage
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.problems import Problem


class SubjectOutput(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.CharField()
    revision = serializers.CharField()


class PublicSummaryOutput(serializers.Serializer[Any]):
    """A published summary; ``kept_until`` is null while the tool is in use."""

    subject = SubjectOutput()
    use_case = serializers.CharField()
    number = serializers.IntegerField()
    run = serializers.IntegerField()
    audited_on = serializers.DateField()
    published_at = serializers.DateTimeField()
    kept_until = serializers.DateTimeField(allow_null=True)
    address = serializers.URLField()


class PublicSummaryList(serializers.Serializer[Any]):
    results = PublicSummaryOutput(many=True)


class PublicSummaries(APIView):
    """The public summaries of a use case, newest audit first; POST publishes a run, for risk officers and admins."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.CATALOG_WRITE}

    class Input(serializers.Serializer[None]):
        run = serializers.IntegerField(min_value=1, max_value=2**63 - 1)

    @extend_schema(operation_id="public_summaries_list", responses=PublicSummaryList)
    def get(self, request: Request, slug: str) -> Response:
        use_case = self._use_case(request, slug)
        rows = [
            self._document(request, one.published, one.version, use_case)
            for one in queries.candidates(use_case, at=timezone.now())
            if one.published is not None
        ]
        return Response(PublicSummaryList({"results": rows}).data)

    @extend_schema(operation_id="public_summaries_create", request=Input, responses={201: PublicSummaryOutput})
    @idempotent()
    def post(self, request: Request, slug: str) -> Response:
        use_case = self._use_case(request, slug)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        at = timezone.now()
        try:
            made = services.publish(
                use_case_id=use_case.pk, run_id=sent.validated_data["run"], by=person(request), at=at
            )
        except services.NotAPublisher as refusal:
            raise Problem(403, refusal.code, refusal.message) from refusal
        except services.PublishingRefused as refusal:
            raise Problem(422, refusal.code, refusal.message) from refusal
        shown = queries.shown_at(made.page.public_id, at=at)
        page = PublicPage.objects.select_related("version__entry").get(pk=made.page_id)
        document = self._document(request, shown, page.version, use_case)
        return Response(PublicSummaryOutput(document).data, status=201)

    @staticmethod
    def _use_case(request: Request, slug: str) -> UseCase:
        visible = UseCase.objects.visible_to(person(request)).select_related("owner_team")
        return get_object_or_404(visible, slug=slug)

    @staticmethod
    def _document(request: Request, shown: queries.Shown | None, version: Any, use_case: UseCase) -> dict[str, Any]:
        if shown is None:  # it was published a line above
            raise Problem(404, "not_found", "there is no such summary")
        path = reverse("reports-public:summary", args=[shown.summary.page.public_id])
        address = request.build_absolute_uri(path)
        return queries.document(shown, version=version, use_case=use_case, address=address)
