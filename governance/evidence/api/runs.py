"""REST: uploads and runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, renderers, serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits import blobs
from audits import services as audits
from audits.kinds.base import InputsRejected
from audits.models import Finding, Run, RunState, Severity
from governance.catalog.models import UseCase
from governance.evidence import declaring, services, stress_cases, wording
from governance.evidence.models import DecisionRecord, StressCase, Upload
from governance.evidence.queries import runs_visible_to
from governance.evidence.services import EvidenceRefused
from governance.evidence.subjects import SubjectField, find_version
from governance.licensing.results import licence_document
from governance.people.models import Scope
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.problems import Problem

FORM_BYTES = 64 * 1024  # what a form may need around its file


class RawParser(BaseParser):
    """A body that is the file itself: handed on as a stream, never read into memory."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return {"stream": stream}


class UploadDocument(serializers.ModelSerializer[Upload]):
    id = serializers.UUIDField(source="public_id")
    sha256 = serializers.CharField(source="blob.sha256")
    bytes = serializers.IntegerField(source="blob.bytes")
    media_type = serializers.CharField(source="blob.media_type")

    class Meta:
        model = Upload
        fields = ("id", "sha256", "bytes", "media_type", "filename", "uploaded_at")


class Uploads(APIView):
    """POST a file: as multipart/form-data with the field ``file``, or as the raw body with ``X-Filename``."""

    scopes = {"POST": Scope.REVIEWS_WRITE}
    parser_classes = [MultiPartParser, RawParser]

    @extend_schema(
        request={
            "multipart/form-data": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        },
        responses={201: UploadDocument},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        # A multipart body is on the disk before it can be counted, so its announced length is looked at first.
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_UPLOAD_BYTES + FORM_BYTES:
            limit = settings.MAX_UPLOAD_BYTES // 1_000_000
            raise Problem(413, "upload_too_large", f"the file is larger than {limit} MB; send a smaller one")
        sent: Any = request.data
        is_form = hasattr(sent, "lists")  # its fields may have any name, "stream" too
        if not is_form and "stream" in sent:
            stream, name = sent["stream"], request.headers.get("X-Filename", "upload")
            media_type = (request.content_type or "application/octet-stream").split(";")[0]
        elif is_form and hasattr(sent.get("file"), "read"):
            stream, name = sent["file"], sent["file"].name or "upload"
            media_type = sent["file"].content_type or "application/octet-stream"
        else:
            raise Problem(422, "file_missing", "send the file in the field 'file', or as the raw body")
        try:
            upload = services.upload(
                stream=stream, filename=name, media_type=media_type, by=person(request), at=timezone.now()
            )
        except services.EvidenceRefused as refusal:
            status = 413 if refusal.code == "upload_too_large" else 422
            raise Problem(status, refusal.code, str(refusal)) from refusal
        return Response(UploadDocument(upload).data, status=201)


class UploadView(APIView):
    """What is known of an upload; its bytes are not given out here."""

    scopes = {"GET": Scope.CATALOG_READ}

    @extend_schema(responses=UploadDocument)
    def get(self, request: Request, public_id: str) -> Response:
        visible = Upload.objects.visible_to(person(request)).select_related("blob")
        return Response(UploadDocument(get_object_or_404(visible, public_id=public_id)).data)


class RunDocument(serializers.ModelSerializer[Run]):
    subject = serializers.CharField(source="subject_name")
    progress = serializers.SerializerMethodField()
    error_code = serializers.CharField(allow_null=True)

    class Meta:
        model = Run
        fields = (
            "id",
            "kind",
            "kind_version",
            "subject",
            "subject_digest",
            "state",
            "attempt",
            "progress",
            "verdict",
            "summary",
            "origin",
            "inputs_digest",
            "seed",
            "packages",
            "requested_at",
            "started_at",
            "finished_at",
            "duration_ms",
            "time_limit_s",
            "result_sha256",
            "error_code",
            "error",
        )

    def get_progress(self, run: Run) -> dict[str, int | None]:
        return {"done": run.progress_done, "total": run.progress_total}


class Runs(generics.ListAPIView[Run]):
    """Runs, newest first; POST starts the audit of a version in a use case."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.AUDITS_RUN}
    serializer_class = RunDocument
    ordering = ("-requested_at", "-id")

    class Filter(serializers.Serializer[None]):
        kind = serializers.CharField(max_length=40, required=False)
        state = serializers.ChoiceField(choices=RunState.choices, required=False)
        subject_digest = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)

    class Input(serializers.Serializer[None]):
        kind = serializers.CharField(max_length=40)
        subject = SubjectField()
        use_case = serializers.SlugField(max_length=60)

    def get_queryset(self) -> QuerySet[Run]:
        asked = self.Filter(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return runs_visible_to(person(self.request)).filter(**asked.validated_data)

    @extend_schema(parameters=[Filter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=Input, responses={202: RunDocument})
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        asked, by = sent.validated_data, person(request)
        version = find_version(by, asked["subject"])
        use_case = get_object_or_404(UseCase.objects.visible_to(by), slug=asked["use_case"])
        try:
            run = services.ask(kind=asked["kind"], version=version, use_case=use_case, by=by, at=timezone.now())
        except services.NotAnAsker as refusal:
            raise Problem(403, refusal.code, str(refusal)) from refusal
        except services.EvidenceRefused as refusal:
            raise Problem(422, refusal.code, str(refusal)) from refusal
        except audits.RunRefused as refusal:
            raise Problem(422, "run_refused", str(refusal)) from refusal
        return Response(RunDocument(run).data, status=202, headers={"Location": f"/api/v1/runs/{run.pk}/"})


class RunView(generics.RetrieveAPIView[Run]):
    """One run, with its progress by the kind's own counter."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = RunDocument

    def get_queryset(self) -> QuerySet[Run]:
        return runs_visible_to(person(self.request))


class FindingDocument(serializers.ModelSerializer[Finding]):
    title = serializers.SerializerMethodField()
    mend = serializers.SerializerMethodField()
    severity = serializers.ChoiceField(choices=Severity.choices)

    class Meta:
        model = Finding
        fields = ("id", "code", "severity", "locus", "field", "line", "params", "fingerprint", "title", "mend")

    def get_title(self, finding: Finding) -> str:
        return wording.finding_text(finding)[0]

    def get_mend(self, finding: Finding) -> str:
        return wording.finding_text(finding)[1]


class RunFindings(generics.ListAPIView[Finding]):
    """The findings of a run, in the order in which it stored them."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = FindingDocument
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Finding]:
        if getattr(self, "swagger_fake_view", False):
            return Finding.objects.none()
        return Finding.objects.filter(
            run=get_object_or_404(runs_visible_to(person(self.request)), pk=self.kwargs["pk"])
        )


class RunResult(APIView):
    """The whole result of a run as the audit wrote it."""

    scopes = {"GET": Scope.CATALOG_READ}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, pk: int) -> Response:
        run = get_object_or_404(runs_visible_to(person(request)), pk=pk)
        if not run.result_sha256 and (said := licence_document(run)):
            return Response(said)
        if not run.result_sha256:
            raise Problem(404, "no_result", f"run {pk} is {run.state} and has no result document")
        try:
            return Response(json.loads(blobs.read_checked(run.result_sha256)))
        except InputsRejected as gone:
            raise Problem(
                410, gone.code, "the result's bytes are no longer what was stored; run the audit again"
            ) from gone


class StressCaseDocument(serializers.ModelSerializer[StressCase]):
    class Meta:
        model = StressCase
        fields = ("id", "input", "expected", "note", "kept_at", "dropped_at")


class EscapedRenderer(renderers.JSONRenderer):
    """JSON in ASCII: of what a model was asked, half of a character may have been the point."""

    ensure_ascii = True


class RunCases(APIView):
    """Every input that a stress run found wrong; POST keeps one as a permanent test that later audits ask too."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.AUDITS_RUN}
    renderer_classes = (EscapedRenderer,)

    class Input(serializers.Serializer[None]):
        case = serializers.CharField(max_length=300)

    @extend_schema(responses={200: OpenApiTypes.OBJECT}, operation_id="run_cases_list")
    def get(self, request: Request, pk: int) -> Response:
        run = get_object_or_404(runs_visible_to(person(request)), pk=pk)
        try:
            return Response({"cases": list(stress_cases.cases_of(run))})
        except EvidenceRefused as refusal:
            raise Problem(404, refusal.code, str(refusal)) from refusal

    @extend_schema(request=Input, responses={201: StressCaseDocument}, operation_id="run_cases_keep")
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        run = get_object_or_404(runs_visible_to(person(request)), pk=pk)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            kept = stress_cases.keep_found(run=run, by=person(request), at=timezone.now(), **sent.validated_data)
        except EvidenceRefused as refusal:
            status = 403 if isinstance(refusal, services.NotAnAsker) else 422
            raise Problem(status, refusal.code, str(refusal)) from refusal
        return Response(StressCaseDocument(kept).data, status=201)


class RunCancel(APIView):
    """Cancel a run: at once while it waits, at its next step while it runs."""

    scopes = {"POST": Scope.AUDITS_RUN}

    @extend_schema(request=None, responses={202: RunDocument})
    def post(self, request: Request, pk: int) -> Response:
        run = get_object_or_404(runs_visible_to(person(request)), pk=pk)
        try:
            return Response(RunDocument(services.cancel(run_id=run.pk, by=person(request))).data, status=202)
        except services.NotAnAsker as refusal:
            raise Problem(403, refusal.code, str(refusal)) from refusal
        except audits.RunRefused as refusal:
            raise Problem(409, "invalid_transition", str(refusal)) from refusal


class DecisionRecordDocument(serializers.ModelSerializer[DecisionRecord]):
    use_case = serializers.SlugRelatedField[UseCase](slug_field="slug", read_only=True)
    decided_by = serializers.CharField(source="decided_by.name")

    class Meta:
        model = DecisionRecord
        fields = ("id", "use_case", "approach", "measured_errors", "reason", "decided_by", "decided_at")


class DecisionRecords(APIView):
    """How a use case makes its model: taken as it is, adapter or fine-tune, and the measured errors it rests on."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.CATALOG_WRITE}

    class Input(serializers.Serializer[None]):
        approach = serializers.ChoiceField(choices=DecisionRecord.Approach.choices)
        measured_errors = serializers.CharField(max_length=5000)
        reason = serializers.CharField(max_length=5000)

    @extend_schema(responses={200: DecisionRecordDocument(many=True)}, operation_id="decision_records_list")
    def get(self, request: Request, slug: str) -> Response:
        use_case = get_object_or_404(UseCase.objects.visible_to(person(request)), slug=slug)
        newest = use_case.decision_records.select_related("use_case", "decided_by").order_by("-decided_at", "-pk")
        return Response(DecisionRecordDocument(newest[:100], many=True).data)

    @extend_schema(request=Input, responses={201: DecisionRecordDocument}, operation_id="decision_records_create")
    @idempotent()
    def post(self, request: Request, slug: str) -> Response:
        use_case = get_object_or_404(UseCase.objects.visible_to(person(request)), slug=slug)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            made = declaring.record_decision(
                use_case=use_case, by=person(request), at=timezone.now(), **sent.validated_data
            )
        except EvidenceRefused as refusal:
            status = 403 if isinstance(refusal, declaring.NotTheOwner) else 422
            raise Problem(status, refusal.code, str(refusal)) from refusal
        return Response(DecisionRecordDocument(made).data, status=201)
