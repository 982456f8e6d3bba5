"""REST: trying a model, and trials that are kept."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits import services as audits
from audits.adapters.hearing import MOST_TOLD
from audits.kinds.shown import PICTURE, SOUND
from governance.catalog.models import UseCase
from governance.evidence import trials
from governance.evidence.api.runs import RunDocument
from governance.evidence.models import KeptTrial, StressCase
from governance.evidence.queries import runs_visible_to
from governance.evidence.services import EvidenceRefused, NotAnAsker
from governance.evidence.subjects import SubjectField, find_version
from governance.people.models import Scope
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.problems import Problem


class KeptTrialDocument(serializers.ModelSerializer[KeptTrial]):
    """What was asked and answered is the result of the run."""

    use_case = serializers.SlugRelatedField[UseCase](slug_field="slug", read_only=True)
    kept_by = serializers.CharField(source="kept_by.name")
    subject_digest = serializers.CharField(source="run.subject_digest")
    verdict = serializers.CharField(source="run.verdict")
    result_sha256 = serializers.CharField(source="run.result_sha256")

    class Meta:
        model = KeptTrial
        fields = ("id", "run", "subject_digest", "use_case", "verdict", "result_sha256", "note", "kept_by", "kept_at")


class Trials(generics.ListAPIView[KeptTrial]):
    """Trials that were kept, newest first; POST has a worker ask a version's model about texts, rows
    of features, pictures or sounds."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.AUDITS_RUN}
    serializer_class = KeptTrialDocument
    ordering = ("-kept_at", "-id")

    class Filter(serializers.Serializer[None]):
        subject_digest = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)

    class Input(serializers.Serializer[None]):
        subject = SubjectField()
        use_case = serializers.SlugField(max_length=60)
        model = serializers.CharField(
            max_length=500, required=False, default="", help_text="which of the models at hand, as onnx:model.onnx"
        )
        inputs = serializers.ListField(
            child=serializers.JSONField(),
            max_length=50,
            help_text="texts, lists of texts and numbers, or up to 8 pictures or sounds, each {picture: base64} or"
            " {sound: base64}, in 2 MB of JSON",
        )
        hearing = serializers.DictField(
            child=serializers.IntegerField(min_value=1, max_value=MOST_TOLD),
            required=False,
            default=dict,
            help_text="with sounds, where the model's files do not say it: sampling_rate, window_samples,"
            " context_samples",
        )

    def get_queryset(self) -> QuerySet[KeptTrial]:
        asked = self.Filter(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        found = KeptTrial.objects.visible_to(person(self.request)).select_related("run", "use_case", "kept_by")
        digest = asked.validated_data.get("subject_digest")
        return found.filter(version__digest=digest) if digest else found

    @extend_schema(parameters=[Filter], operation_id="trials_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=Input, responses={202: RunDocument}, operation_id="trials_create")
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        asked, by = sent.validated_data, person(request)
        pictures, sounds = (_files(asked["inputs"], what) for what in (PICTURE, SOUND))
        version = find_version(by, asked["subject"])
        use_case = get_object_or_404(UseCase.objects.visible_to(by), slug=asked["use_case"])
        try:
            run = trials.ask(
                version=version,
                use_case=use_case,
                model=asked["model"],
                cells=() if pictures or sounds else asked["inputs"],
                pictures=pictures,
                sounds=sounds,
                hearing=asked["hearing"],
                by=by,
                at=timezone.now(),
            )
        except NotAnAsker as refusal:
            raise Problem(403, refusal.code, str(refusal)) from refusal
        except EvidenceRefused as refusal:
            status = 429 if refusal.code == "too_many_trials" else 422
            raise Problem(status, refusal.code, str(refusal)) from refusal
        except audits.RunRefused as refusal:
            raise Problem(422, "run_refused", str(refusal)) from refusal
        return Response(RunDocument(run).data, status=202, headers={"Location": f"/api/v1/runs/{run.pk}/"})


def _files(inputs: Sequence[Any], what: str) -> list[bytes]:
    """Pictures or sounds where every input is one, as they were encoded; else none."""
    sent = [one[what] for one in inputs if isinstance(one, dict) and one.keys() == {what}]
    if not sent or len(sent) != len(inputs):
        return []
    try:
        return [base64.b64decode(one, validate=True) for one in sent]
    except (TypeError, ValueError):
        raise Problem(422, f"{what}_odd", f"inputs: a {what} is a text in base64") from None


class TrialStressCase(APIView):
    """Make a text or a picture of a trial a permanent test of the entry: every later stress audit asks it too."""

    scopes = {"POST": Scope.AUDITS_RUN}

    class Input(serializers.Serializer[None]):
        row = serializers.IntegerField(min_value=0, max_value=49, required=False, default=0)
        expected = serializers.CharField(max_length=200, help_text="the answer that is right")

    class Output(serializers.Serializer[StressCase]):
        id = serializers.IntegerField()
        input = serializers.JSONField()
        expected = serializers.CharField()
        kept_at = serializers.DateTimeField()

    @extend_schema(request=Input, responses={201: Output}, operation_id="trials_stress_case")
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        run = get_object_or_404(runs_visible_to(person(request)), pk=pk, kind=trials.KIND)
        try:
            kept = trials.keep_case(run_id=run.pk, by=person(request), at=timezone.now(), **sent.validated_data)
        except NotAnAsker as refusal:
            raise Problem(403, refusal.code, str(refusal)) from refusal
        except EvidenceRefused as refusal:
            raise Problem(
                409 if refusal.code in ("no_trial", "trial_erased") else 422, refusal.code, str(refusal)
            ) from refusal
        return Response(self.Output(kept).data, status=201)


class TrialKeep(APIView):
    """Keep the trial of a run as evidence; once kept, it stays as it was kept."""

    scopes = {"POST": Scope.AUDITS_RUN}

    class Input(serializers.Serializer[None]):
        note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)

    @extend_schema(request=Input, responses={201: KeptTrialDocument}, operation_id="trials_keep")
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        run = get_object_or_404(runs_visible_to(person(request)), pk=pk, kind=trials.KIND)
        try:
            kept = trials.keep(run_id=run.pk, note=sent.validated_data["note"], by=person(request), at=timezone.now())
        except NotAnAsker as refusal:
            raise Problem(403, refusal.code, str(refusal)) from refusal
        except EvidenceRefused as refusal:
            raise Problem(409, refusal.code, str(refusal)) from refusal
        return Response(KeptTrialDocument(kept).data, status=201)
