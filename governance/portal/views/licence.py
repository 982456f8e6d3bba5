"""The licences above a version and one use: why something is a conflict, and what can be done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audits.kinds.base import InputsRejected
from governance.catalog import queries as catalogue
from governance.catalog.models import UseCase, Version
from governance.evidence import licence_report
from governance.evidence.licence_report import veil
from governance.licensing import forms, queries, wording
from governance.licensing.models import MetDuty, Override, TextReview
from governance.licensing.rules import LicensingRefused
from governance.licensing.services import duties, overrides, texts
from governance.people.models import Role
from governance.people.queries import standing
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence

MOST_USE_CASES = 100


@login_required
@require_safe
def licence(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> HttpResponse:
    """The chain of one version, judged now for a use case or, without one, with care. At most 21 queries."""
    version = found(request, kind, ns, name, sha)
    return show(request, version, use_case_of(request, request.GET.get("use_case", "")))


def found(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> Version:
    """The version that an address names, among those that the person sees.

    Raises:
        Http404: there is none.
    """
    try:
        version = catalogue.resolve(user=request.user, kind=kind, ns=ns, name=name, sha=sha)
    except catalogue.NotASha as not_a_sha:
        raise Http404 from not_a_sha
    if version is None:
        raise Http404
    return version


def use_case_of(request: PageRequest, slug: str) -> UseCase | None:
    """The use case of a slug; None for no slug.

    Raises:
        Http404: the person sees none of that name.
    """
    if not slug or "\0" in slug:
        return None
    visible = UseCase.objects.visible_to(request.user).select_related("owner_team")
    return get_object_or_404(visible, slug=slug[:200])


def show(
    request: PageRequest, version: Version, use_case: UseCase | None, *, status: int = 200, **kept: Any
) -> HttpResponse:
    """The page; ``kept`` holds what was refused and is to be sent again."""
    team_id = use_case.owner_team_id if use_case is not None else None
    may_override = queries.reviews_law(request.user, team_id=team_id)
    use_cases = UseCase.objects.visible_to(request.user).order_by("name", "pk")[:MOST_USE_CASES]
    context = {
        "room": "catalogue",
        "entry": version.entry,
        "version": version,
        "report": licence_report.report(request.user, version=version, use_case=use_case, may_override=may_override),
        "use_case": use_case,
        "use_cases": use_cases,
        "may_attest": use_case is not None
        and (may_override or standing(request.user).has(Role.SUBMITTER, team_id=team_id)),
        "override_form": forms.OverrideForm(),
        "texts": queries.texts_of(version),
        "may_read": queries.reviews_law(request.user, team_id=version.entry.team_id),
        "address": address(version, use_case),
        **kept,
    }
    return render(request, "licensing/chain.html", context, status=status)


def parts(version: Version) -> list[str]:
    entry = version.entry
    return [entry.kind, entry.namespace, entry.name, version.revision]


def address(version: Version, use_case: UseCase | None) -> str:
    """The address of the page."""
    query = f"?{urlencode({'use_case': use_case.slug})}" if use_case is not None else ""
    return reverse("catalog:licence", args=parts(version)) + query


@login_required
@require_safe
def notice(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> HttpResponse:
    """The attribution file, generated now, as plain text to be saved. At most ten queries."""
    version = found(request, kind, ns, name, sha)
    use_case = use_case_of(request, request.GET.get("use_case", ""))
    try:
        judged = veil.veiled(licence_report.judge(version, use_case, with_repairs=False), user=request.user)
    except InputsRejected as rejected:
        return HttpResponse(as_sentence(str(rejected)), content_type="text/plain; charset=utf-8", status=422)
    text = queries.notice_file(version=version, use_case=use_case, of=judged, at=timezone.now())
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="NOTICE-{version.revision[:8]}.txt"'
    return answer


# --- what people say -------------------------------------------------------------------------------------------------


@login_required
@require_POST
def override(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> HttpResponse:
    """Say that a finding does not stand in the way until a day."""
    version = found(request, kind, ns, name, sha)
    use_case = use_case_of(request, request.POST.get("use_case", ""))
    sent = forms.OverrideForm(request.POST)
    kept = {"override_form": sent, "override_of": _of(request)}
    if not sent.is_valid():
        return show(request, version, use_case, status=422, **kept)
    try:
        overrides.override(
            version=version,
            code=sent.cleaned_data["code"],
            chain=sent.cleaned_data["chain"],
            use_case=use_case,
            reason=sent.cleaned_data["reason"],
            until=sent.cleaned_data["until"],
            by=request.user,
            at=timezone.now(),
        )
    except LicensingRefused as refused:
        sent.add_error(refused.field if refused.field in sent.fields else None, wording.refusal(refused))
        return show(request, version, use_case, status=refused.status, **kept)
    messages.success(request, _("Written down, with your name and its end. The version is being judged again."))
    return HttpResponseRedirect(address(version, use_case) + "#overrides")


def _of(request: PageRequest) -> str:
    """Which finding a form was about, as the page tells them apart."""
    return f"{request.POST.get('code', '')} {request.POST.get('chain', '')}"[:20_100]


@login_required
@require_POST
def override_end(request: PageRequest, pk: int) -> HttpResponse:
    """End an override before its day."""
    visible = Override.objects.visible_to(request.user).select_related("entry__latest__entry", "use_case")
    made = one_or_404(visible, pk)
    back = address(made.entry.latest, made.use_case) if made.entry.latest is not None else "/"
    _said(
        request,
        lambda reason: overrides.end_override(override_id=made.pk, reason=reason, by=request.user, at=timezone.now()),
        _("Ended. The version is being judged again."),
    )
    return HttpResponseRedirect(back + "#overrides")


@login_required
@require_POST
def attest(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> HttpResponse:
    """Say that an obligation is met in a use case, and how."""
    version = found(request, kind, ns, name, sha)
    use_case = use_case_of(request, request.POST.get("use_case", ""))
    if use_case is None:
        raise Http404
    sent = forms.DutyForm(request.POST)
    if not sent.is_valid():
        messages.error(request, _("Say in at least ten characters how it is met."))
        return HttpResponseRedirect(address(version, use_case) + "#duties")
    try:
        duties.attest(
            version=version,
            use_case=use_case,
            code=sent.cleaned_data["code"],
            note=sent.cleaned_data["note"],
            by=request.user,
            at=timezone.now(),
        )
    except LicensingRefused as refused:
        messages.error(request, wording.refusal(refused))
    else:
        messages.success(request, _("Written down, with your name. The version is being judged again."))
    return HttpResponseRedirect(address(version, use_case) + "#duties")


@login_required
@require_POST
def attest_end(request: PageRequest, pk: int) -> HttpResponse:
    """Take back that an obligation is met."""
    visible = MetDuty.objects.visible_to(request.user).select_related("version__entry", "use_case")
    made = one_or_404(visible, pk)
    _said(
        request,
        lambda reason: duties.end_attested(met_duty_id=made.pk, reason=reason, by=request.user, at=timezone.now()),
        _("Taken back. The version is being judged again."),
    )
    return HttpResponseRedirect(address(made.version, made.use_case) + "#duties")


@login_required
@require_POST
def read_text(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> HttpResponse:
    """Say that one has read a licence text that the table does not hold."""
    version = found(request, kind, ns, name, sha)
    use_case = use_case_of(request, request.POST.get("use_case", ""))
    sent = forms.TextForm(request.POST)
    kept = {"text_form": sent, "text_of": request.POST.get("path", "")[:1000]}
    if not sent.is_valid():
        return show(request, version, use_case, status=422, **kept)
    try:
        texts.review_text(version=version, by=request.user, at=timezone.now(), **sent.cleaned_data)
    except LicensingRefused as refused:
        if refused.field == "path":  # no file whose form could show it
            messages.error(request, wording.refusal(refused))
        sent.add_error(refused.field if refused.field in sent.fields else None, wording.refusal(refused))
        return show(request, version, use_case, status=refused.status, **kept)
    messages.success(request, _("Written down, with your name. What rests on this text is being judged again."))
    return HttpResponseRedirect(address(version, use_case) + "#texts")


@login_required
@require_POST
def read_text_end(request: PageRequest, pk: int) -> HttpResponse:
    """Take back that a text was read."""
    visible = TextReview.objects.visible_to(request.user).select_related("entry__latest__entry")
    made = one_or_404(visible, pk)
    use_case = use_case_of(request, request.POST.get("use_case", ""))
    _said(
        request,
        lambda reason: texts.end_text_review(text_review_id=made.pk, reason=reason, by=request.user, at=timezone.now()),
        _("Taken back. What rests on this text is being judged again."),
    )
    back = address(made.entry.latest, use_case) if made.entry.latest is not None else "/"
    return HttpResponseRedirect(back + "#texts")


def _said(request: PageRequest, end: Any, done: str) -> None:
    sent = forms.ReasonForm(request.POST)
    if not sent.is_valid():
        messages.error(request, _("Say why in at least ten characters: others rely on it."))
        return
    try:
        end(sent.cleaned_data["reason"])
    except LicensingRefused as refused:
        messages.error(request, wording.refusal(refused))
    else:
        messages.success(request, done)
