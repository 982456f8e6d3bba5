"""REST: policies."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.catalog.models import UseCase
from governance.people.models import Role, Scope, User
from governance.people.queries import standing
from governance.policies import back_testing, dry_runs, portfolio, services, shapes, tasks
from governance.policies.models import BackTest, Flip, Policy, PolicyVersion
from governance.policies.problems import PolicyInvalid
from governance.policies.queries import in_force
from governance.web.authentication import person
from governance.web.etags import edition_tag, required_edition
from governance.web.finding import one_or_404
from governance.web.idempotency import idempotent
from governance.web.problems import Problem
from governance.web.steps import if_match, refused


class PolicyDocument(serializers.ModelSerializer[PolicyVersion]):
    name = serializers.CharField(source="policy.name")

    class Meta:
        model = PolicyVersion
        fields = ("name", "number", "sha256", "published_at", "effective_at", "document", "text")


class Policies(generics.ListAPIView[PolicyVersion]):
    """The newest version of every policy in force, by name."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = PolicyDocument
    ordering = ("policy__name", "id")

    def get_queryset(self) -> QuerySet[PolicyVersion]:
        return in_force()


class PolicyVersions(generics.ListAPIView[PolicyVersion]):
    """All versions of one policy, newest first. Its ETag is what publishing and retiring name in ``If-Match``."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = PolicyDocument
    ordering = ("-number", "-id")

    @extend_schema(operation_id="policy_versions_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        policy = get_object_or_404(Policy, name=self.kwargs["name"])
        answer = super().get(request, *args, **kwargs)
        answer["ETag"] = edition_tag(services.edition_of(policy))
        return answer

    def get_queryset(self) -> QuerySet[PolicyVersion]:
        if getattr(self, "swagger_fake_view", False):
            return PolicyVersion.objects.none()
        return PolicyVersion.objects.filter(policy__name=self.kwargs["name"]).select_related("policy")


def _editor(request: Request) -> User:
    """Policies bind everybody, so only roles held in the whole organisation may change them."""
    user = person(request)
    if not _is_editor(user):
        raise Problem(
            403, "not_a_policy_editor", "policies are published by the organisation's admins and risk officers"
        )
    return user


def _is_editor(user: User) -> bool:
    held = standing(user)
    return any((None, role.value, "") in held.roles for role in (Role.ADMIN, Role.RISK_OFFICER))


def _back_test(request: Request, pk: int) -> BackTest:
    """A back-test, which names versions of every team: for others than editors it is not there."""
    if not _is_editor(person(request)):
        raise Http404
    return one_or_404(BackTest, pk)


class TextInput(serializers.Serializer[None]):
    text = serializers.CharField(max_length=300_000, trim_whitespace=False)


def _text_of(request: Request, name: str) -> str:
    """The text that was sent, once it could be published under the name in the address."""
    sent = TextInput(data=request.data)
    sent.is_valid(raise_exception=True)
    text: str = sent.validated_data["text"]
    _read(text, name)
    return text


def _read(text: str, name: str) -> shapes.PolicyDocument:
    try:
        document = services.read(text)
    except PolicyInvalid as invalid:
        raise _invalid(invalid) from invalid
    if document.name != name:
        raise Problem(422, "name_differs", f"metadata.name in the text is not {name[:80]!r}")
    return document


def _invalid(invalid: PolicyInvalid) -> Problem:
    problems = [problem.as_json() for problem in invalid.problems]
    return Problem(400, "policy_invalid", "the policy breaks a rule; nothing was published", errors=problems)


class DryRun(APIView):
    """One submission under a text that may be published, beside the policies of now. Nothing is stored."""

    scopes = {"POST": Scope.CATALOG_READ}

    class Input(serializers.Serializer[None]):
        text = serializers.CharField(max_length=300_000, trim_whitespace=False, required=False)
        submission = serializers.IntegerField(min_value=1, max_value=2**63 - 1)

    class Output(serializers.Serializer[Any]):
        submission = serializers.IntegerField()
        applies = serializers.BooleanField()
        before = serializers.CharField()
        after = serializers.CharField()
        reason_codes = serializers.ListField(child=serializers.CharField())
        requirements = serializers.ListField(child=serializers.DictField())
        next_steps = serializers.ListField(child=serializers.DictField())
        policy = serializers.DictField()

    @extend_schema(request=Input, responses={200: Output})
    def post(self, request: Request, name: str) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        text = sent.validated_data.get("text")
        if text is None:
            newest = PolicyVersion.objects.filter(policy__name=name).order_by("-number").first()
            if newest is None:
                raise Http404
            document = shapes.from_json(newest.document)
        else:
            document = _read(text, name)
        item = portfolio.submission(number=sent.validated_data["submission"], user=person(request))
        if item is None:
            raise Http404
        return Response(dry_runs.dry_run(document, item, at=timezone.now()))


class FlipDocument(serializers.ModelSerializer[Flip]):
    subject = serializers.SerializerMethodField()
    use_case = serializers.SlugRelatedField[UseCase](slug_field="slug", read_only=True)

    class Meta:
        model = Flip
        fields = ("what", "number", "subject", "use_case", "stage", "before", "after", "reason_codes")

    def get_subject(self, flip: Flip) -> dict[str, str]:
        entry = flip.version.entry
        return {"kind": entry.kind, "id": entry.repo_id, "revision": flip.version.revision}


class BackTestDocument(serializers.ModelSerializer[BackTest]):
    class Meta:
        model = BackTest
        fields = ("id", "policy_name", "retires", "sha256", "state", "counts", "requested_at", "finished_at")


class BackTests(APIView):
    """Hold a text against the whole portfolio, or see what retiring the policy would change: a worker does it, the
    answer is where to look.
    """

    scopes = {"POST": Scope.REVIEWS_WRITE}

    class Input(serializers.Serializer[None]):
        text = serializers.CharField(max_length=300_000, trim_whitespace=False, required=False)
        retires = serializers.BooleanField(default=False)

        def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
            if attrs["retires"] == ("text" in attrs):
                raise serializers.ValidationError({"text": "send a text that may be published, or retires: true"})
            return attrs

    @extend_schema(request=Input, responses={202: BackTestDocument}, operation_id="policy_back_test_create")
    @idempotent()
    def post(self, request: Request, name: str) -> Response:
        by, now = _editor(request), timezone.now()
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        if sent.validated_data["retires"]:
            asked = back_testing.ask_retiring(policy=get_object_or_404(_in_force(), name=name), by=by, at=now)
        else:
            asked = back_testing.ask(text=_text_of(request, name), by=by, at=now)
        transaction.on_commit(partial(tasks.wake, asked.pk))
        where = f"/api/v1/back-tests/{asked.pk}/"
        return Response(BackTestDocument(asked).data, status=202, headers={"Location": where})


class BackTestView(APIView):
    """How far a back-test has come, and how many approvals and submissions would flip."""

    scopes = {"GET": Scope.CATALOG_READ}

    @extend_schema(responses={200: BackTestDocument}, operation_id="back_test_retrieve")
    def get(self, request: Request, pk: int) -> Response:
        found = _back_test(request, pk)
        if back_testing.waits(found, at=timezone.now()):
            tasks.wake(found.pk)
        return Response(BackTestDocument(found).data)


class BackTestFlips(generics.ListAPIView[Flip]):
    """The approvals in force and open submissions that would flip, each with the reasons."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = FlipDocument
    ordering = ("what", "number", "id")

    @extend_schema(operation_id="back_test_flips_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Flip]:
        if getattr(self, "swagger_fake_view", False):
            return Flip.objects.none()
        found = _back_test(self.request, self.kwargs["pk"])
        return Flip.objects.filter(back_test=found).select_related("version__entry", "use_case")


def _in_force() -> QuerySet[Policy]:
    return Policy.objects.filter(retired_at=None)


def _seen(request: Request, name: str) -> int:
    """The edition of a policy in ``If-Match``; of one that nobody has published there is none to be seen."""
    policy = Policy.objects.filter(name=name).first()
    return 0 if policy is None or not services.edition_of(policy) else required_edition(request)


def _preview_required(asked: str) -> Problem:
    why = f"see first what it would change: POST {asked} and wait until that is done; it speaks for 24 hours"
    return Problem(409, "preview_required", why)


class Publish(APIView):
    """Publish a text as the next version of the policy that it names, once a back-test of it has been done. The first
    version of a policy needs no ``If-Match``.
    """

    scopes = {"POST": Scope.REVIEWS_WRITE}

    @extend_schema(
        request=TextInput,
        responses={201: PolicyDocument},
        parameters=[OpenApiParameter("If-Match", str, "header", description="the ETag of the policy as seen")],
    )
    def post(self, request: Request, name: str) -> Response:
        by = _editor(request)
        text = _text_of(request, name)
        seen, now = _seen(request, name), timezone.now()
        looked_at = back_testing.newest_done(sha256=services.read(text).sha256, at=now)
        if looked_at is None:
            raise _preview_required(f"the same text to policies/{name}/back-tests/")
        try:
            version = refused(lambda: services.publish(text=text, by=by, at=now, back_test=looked_at, edition=seen))
        except PolicyInvalid as invalid:
            raise _invalid(invalid) from invalid
        headers = {"ETag": edition_tag(services.edition_of(version.policy))}
        return Response(PolicyDocument(version).data, status=201, headers=headers)


class Retire(APIView):
    """Take a policy out of force, once it has been found out what that would change. Of one that is retired already
    nothing changes.
    """

    scopes = {"POST": Scope.REVIEWS_WRITE}

    @extend_schema(request=None, responses={204: None}, parameters=[if_match("policy")])
    def post(self, request: Request, name: str) -> Response:
        by, now = _editor(request), timezone.now()
        policy = get_object_or_404(Policy, name=name)
        seen = required_edition(request)
        looked_at = back_testing.newest_done_of_retiring(name=name, at=now)
        if looked_at is None and policy.retired_at is None:
            raise _preview_required(f'{{"retires": true}} to policies/{name}/back-tests/')
        retired = refused(lambda: services.retire(name=name, by=by, at=now, back_test=looked_at, edition=seen))
        return Response(status=204, headers={"ETag": edition_tag(services.edition_of(retired))})
