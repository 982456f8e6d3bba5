"""REST: submissions and their drafts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.catalog.models import Stage, UseCase
from governance.evidence.subjects import SubjectField, find_version, subject_of
from governance.people.models import Scope
from governance.policies import wording
from governance.reviews import drafting, services
from governance.reviews.models import LONGEST_NOTE, Submission, SubmissionState
from governance.reviews.standing import evaluation_now, way_of
from governance.web.authentication import person
from governance.web.etags import required_edition
from governance.web.idempotency import idempotent
from governance.web.steps import if_match, refused, with_edition

IF_MATCH = if_match("submission")


class SubmissionDocument(serializers.ModelSerializer[Submission]):
    """A submission; while it is in review, what has lapsed by time alone is told as it is now."""

    verdict = serializers.SerializerMethodField()
    subject = serializers.SerializerMethodField()
    use_case = serializers.SlugRelatedField[UseCase](slug_field="slug", read_only=True)
    submitted_by = serializers.CharField(source="submitted_by.name")
    submitted_at = serializers.SerializerMethodField()
    requirements = serializers.SerializerMethodField()
    lanes = serializers.SerializerMethodField()
    next_steps = serializers.SerializerMethodField()
    reason_codes = serializers.SerializerMethodField()

    class Meta:
        model = Submission
        fields = (
            "id",
            "subject",
            "use_case",
            "stage",
            "state",
            "round",
            "edition",
            "submitted_by",
            "submitted_at",
            "due_at",
            "note",
            "verdict",
            "reason_codes",
            "requirements",
            "lanes",
            "next_steps",
            "facts_sha256",
            "evaluated_at",
        )

    def get_subject(self, submission: Submission) -> dict[str, str]:
        return subject_of(submission.version)

    def get_requirements(self, submission: Submission) -> list[dict[str, Any]]:
        found = evaluation_now(submission).get("requirements", ())
        return [{**result, "message": wording.message(result)} for result in found]

    def get_lanes(self, submission: Submission) -> list[dict[str, Any]]:
        return list(evaluation_now(submission).get("votes", ()))

    def get_next_steps(self, submission: Submission) -> list[dict[str, Any]]:
        return [wording.told_step(step) for step in way_of(submission)]

    def get_reason_codes(self, submission: Submission) -> list[str]:
        return list(evaluation_now(submission).get("reason_codes", ()))

    def get_submitted_at(self, submission: Submission) -> dt.datetime | None:
        """Null for a draft."""
        return None if submission.state == SubmissionState.DRAFT else submission.submitted_at

    def get_verdict(self, submission: Submission) -> str:
        if submission.state == SubmissionState.DRAFT:
            return ""  # what it would lack is told; a verdict is given on what was submitted
        return str(evaluation_now(submission).get("verdict", submission.verdict))


def seen(request: Request) -> QuerySet[Submission]:
    """The submissions that the token's owner may see."""
    return Submission.objects.visible_to(person(request)).select_related("version__entry", "use_case", "submitted_by")


def drafts_seen(request: Request) -> QuerySet[Submission]:
    """The drafts that the token's owner prepares with others."""
    return Submission.objects.drafts_of(person(request)).select_related("version__entry", "use_case", "submitted_by")


def either(request: Request, pk: int) -> Submission:
    """A submission, or a draft of one with what would be asked for as of now.

    Raises:
        Http404: neither is there among what the token's owner may see.
    """
    draft = drafts_seen(request).filter(pk=pk).select_related("version__card").first()
    if draft is None:
        return get_object_or_404(seen(request), pk=pk)
    draft.evaluation = drafting.preview(draft, at=timezone.now())
    return draft


class Submissions(generics.ListAPIView[Submission]):
    """Submissions, newest first; POST asks for a version to be let through.

    With ``draft`` it is only saved, for the submitters of the team to prepare; ``state=draft`` lists those.
    """

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.REVIEWS_WRITE}
    serializer_class = SubmissionDocument
    ordering = ("-submitted_at", "-id")

    class Input(serializers.Serializer[None]):
        subject = SubjectField()
        use_case = serializers.SlugField(max_length=60)
        stage = serializers.ChoiceField(choices=Stage.choices)
        note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True, default="")
        draft = serializers.BooleanField(required=False, default=False)

    class Filter(serializers.Serializer[None]):
        state = serializers.ChoiceField(choices=SubmissionState.choices, required=False)
        stage = serializers.ChoiceField(choices=Stage.choices, required=False)
        use_case = serializers.SlugField(max_length=60, required=False)
        mine = serializers.BooleanField(required=False, default=False)

    def get_queryset(self) -> QuerySet[Submission]:
        asked = self.Filter(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        drafts = wanted.get("state") == SubmissionState.DRAFT
        found = drafts_seen(self.request) if drafts else seen(self.request)
        for name, lookup in (("state", "state"), ("stage", "stage"), ("use_case", "use_case__slug")):
            if name in wanted:
                found = found.filter(**{lookup: wanted[name]})
        return found.filter(submitted_by=person(self.request)) if wanted["mine"] else found

    @extend_schema(parameters=[Filter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=Input, responses={201: SubmissionDocument})
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        by = person(request)
        version = find_version(by, asked["subject"])
        use_case = get_object_or_404(UseCase.objects.visible_to(by), slug=asked["use_case"])
        what = {"version": version, "use_case": use_case, "stage": asked["stage"], "note": asked["note"]}
        step = drafting.save if asked["draft"] else services.submit
        submission = refused(lambda: step(**what, by=by, at=timezone.now()))
        document = SubmissionDocument(either(request, submission.pk))
        return with_edition(document.data, status=201)


class SubmissionView(APIView):
    """One submission; its ETag is what a transition names in If-Match.

    A draft tells what would be asked for and what is there already. PATCH changes it, DELETE discards it; both are for
    drafts alone.
    """

    scopes = {"GET": Scope.CATALOG_READ, "PATCH": Scope.REVIEWS_WRITE, "DELETE": Scope.REVIEWS_WRITE}

    class Changes(serializers.Serializer[None]):
        """What is left out stays as it is."""

        use_case = serializers.SlugField(max_length=60, required=False)
        stage = serializers.ChoiceField(choices=Stage.choices, required=False)
        note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True)

    @extend_schema(responses={200: SubmissionDocument})
    def get(self, request: Request, pk: int) -> Response:
        return self._answer(request, pk)

    @extend_schema(request=Changes, responses={200: SubmissionDocument}, parameters=[IF_MATCH])
    def patch(self, request: Request, pk: int) -> Response:
        submission = either(request, pk)
        edition = required_edition(request)
        sent = self.Changes(data=request.data)
        sent.is_valid(raise_exception=True)
        changes = dict(sent.validated_data)
        by = person(request)
        if "use_case" in changes:
            changes["use_case"] = get_object_or_404(UseCase.objects.visible_to(by), slug=changes["use_case"])
        refused(
            lambda: drafting.change(
                submission_id=submission.pk, changes=changes, edition=edition, by=by, at=timezone.now()
            )
        )
        return self._answer(request, pk)

    @extend_schema(request=None, responses={204: None}, parameters=[IF_MATCH])
    def delete(self, request: Request, pk: int) -> Response:
        submission = either(request, pk)
        edition = required_edition(request)
        refused(
            lambda: drafting.discard(
                submission_id=submission.pk, edition=edition, by=person(request), at=timezone.now()
            )
        )
        return Response(status=204)

    def _answer(self, request: Request, pk: int) -> Response:
        return with_edition(SubmissionDocument(either(request, pk)).data)


class SubmitDraft(APIView):
    """Submit what was prepared as a draft; the audits that it needs start by themselves."""

    scopes = {"POST": Scope.REVIEWS_WRITE}

    @extend_schema(request=None, responses={200: SubmissionDocument}, parameters=[IF_MATCH])
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        submission = either(request, pk)
        edition = required_edition(request)
        refused(
            lambda: services.submit_draft(
                submission_id=submission.pk, edition=edition, by=person(request), at=timezone.now()
            )
        )
        return with_edition(SubmissionDocument(seen(request).get(pk=pk)).data)
