"""REST: what submissions rest on: attached evidence, pilot reports, and the audits to run again."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.evidence import declaring
from governance.evidence.models import Attachment, PilotReport, Upload
from governance.evidence.services import EvidenceRefused
from governance.people.models import Scope
from governance.reviews import services
from governance.reviews.api.submissions import SubmissionDocument, seen
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.problems import Problem
from governance.web.steps import refused


class Audits(APIView):
    """Ask again for the audits of a submission that failed, went stale or never started."""

    scopes = {"POST": Scope.AUDITS_RUN}

    @extend_schema(request=None, responses={202: SubmissionDocument})
    def post(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(seen(request), pk=pk)
        refused(lambda: services.audit_again(submission_id=submission.pk, by=person(request), at=timezone.now()))
        return Response(SubmissionDocument(seen(request).get(pk=pk)).data, status=202)


class EvidenceDocument(serializers.ModelSerializer[Attachment]):
    upload = serializers.UUIDField(source="upload.public_id")
    filename = serializers.CharField(source="upload.filename")
    sha256 = serializers.CharField(source="upload.blob.sha256")
    bytes = serializers.IntegerField(source="upload.blob.bytes")
    attached_by = serializers.CharField(source="attached_by.name")

    class Meta:
        model = Attachment
        fields = ("id", "role", "upload", "filename", "sha256", "bytes", "attached_by", "attached_at")


class PilotReportDocument(serializers.ModelSerializer[PilotReport]):
    origin = serializers.SerializerMethodField()
    upload = serializers.UUIDField(source="upload.public_id")
    signed_by = serializers.CharField(source="signed_by.name")

    class Meta:
        model = PilotReport
        fields = (
            "id",
            "origin",
            "started_on",
            "ended_on",
            "days",
            "requests",
            "complaints",
            "drift",
            "cost_per_1000",
            "rollback_drill_on",
            "upload",
            "signed_by",
            "signed_at",
        )

    def get_origin(self, report: PilotReport) -> str:
        return "declared"


class PilotReports(APIView):
    """What the pilot of a submission's version showed, signed by an owner of the use case. It is never changed."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.REVIEWS_WRITE}

    class Input(serializers.Serializer[None]):
        started_on = serializers.DateField()
        ended_on = serializers.DateField()
        requests = serializers.IntegerField(min_value=0, max_value=2**53)
        complaints = serializers.IntegerField(min_value=0, max_value=2**53)
        drift = serializers.FloatField(required=False, min_value=0, max_value=1e9)
        cost_per_1000 = serializers.FloatField(required=False, min_value=0, max_value=1e9)
        rollback_drill_on = serializers.DateField(required=False)
        upload = serializers.UUIDField()

    @extend_schema(responses={200: PilotReportDocument(many=True)}, operation_id="pilot_reports_list")
    def get(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(seen(request), pk=pk)
        reports = PilotReport.objects.filter(version=submission.version, use_case=submission.use_case)
        newest = reports.select_related("upload", "signed_by").order_by("-signed_at", "-pk")[:100]
        return Response(PilotReportDocument(newest, many=True).data)

    @extend_schema(request=Input, responses={201: PilotReportDocument}, operation_id="pilot_reports_create")
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(seen(request), pk=pk)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        told = dict(sent.validated_data)
        upload = Upload.objects.visible_to(person(request)).filter(public_id=told.pop("upload")).first()
        if upload is None:
            raise Problem(422, "upload_not_found", "there is no such upload of yours; send the file to uploads/ first")
        try:
            report = declaring.sign_pilot(
                version=submission.version,
                use_case=submission.use_case,
                upload=upload,
                by=person(request),
                at=timezone.now(),
                **told,
            )
        except EvidenceRefused as refusal:
            status = 403 if isinstance(refusal, declaring.NotTheOwner) else 422
            raise Problem(status, refusal.code, str(refusal)) from refusal
        return Response(PilotReportDocument(report).data, status=201)


class Evidence(generics.ListAPIView[Attachment]):
    """What was attached to the submission's version in its use case, newest first; POST attaches an upload."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.REVIEWS_WRITE}
    serializer_class = EvidenceDocument
    ordering = ("-attached_at", "-id")

    class Input(serializers.Serializer[None]):
        role = serializers.ChoiceField(choices=Attachment.Role.choices)
        upload = serializers.UUIDField()

    def get_queryset(self) -> QuerySet[Attachment]:
        if getattr(self, "swagger_fake_view", False):
            return Attachment.objects.none()
        submission = get_object_or_404(seen(self.request), pk=self.kwargs["pk"])
        attached = Attachment.objects.filter(version=submission.version_id, use_case=submission.use_case_id)
        return attached.select_related("upload__blob", "attached_by")

    @extend_schema(request=Input, responses={201: EvidenceDocument})
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(seen(request), pk=pk)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        upload = Upload.objects.visible_to(person(request)).filter(public_id=sent.validated_data["upload"]).first()
        if upload is None:
            raise Problem(422, "upload_not_found", "there is no such upload of yours; send the file to uploads/ first")
        attached = refused(
            lambda: services.attach_evidence(
                submission_id=submission.pk,
                role=sent.validated_data["role"],
                upload=upload,
                by=person(request),
                at=timezone.now(),
            )
        )
        return Response(EvidenceDocument(attached).data, status=201)
