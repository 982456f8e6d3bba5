"""Pages: saying something to a submission, and saying that one is at work on it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.people.models import Lane
from governance.reviews import claims, comments, forms
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import LONGEST_COMMENT, Comment
from governance.reviews.refusals import told
from governance.reviews.views.submissions import found, show
from governance.web.requests import PageRequest


@login_required
@require_POST
def comment(request: PageRequest, pk: int) -> HttpResponse:
    """Say something. What is refused comes back with its text: 422, or 403 for who only reads."""
    shown = found(request, pk)
    sent = forms.CommentForm(request.POST)
    kept = {
        "comment_text": request.POST.get("text", "")[: 2 * LONGEST_COMMENT],
        "about_chosen": request.POST.get("about", "")[:80],
        "comment_line": request.POST.get("line", "")[:12],
    }
    if not sent.is_valid():
        refused = "; ".join(str(fault) for faults in sent.errors.values() for fault in faults)
        return show(request, shown, status=422, comment_refused=refused, **kept)
    about, _colon, which = sent.cleaned_data["about"].partition(":")
    try:
        made = comments.write(
            submission_id=shown.pk,
            by=request.user,
            text=sent.cleaned_data["text"],
            about=about,
            finding=which if about == Comment.About.FINDING else "",
            decision_id=int(which) if about == Comment.About.DECISION and _is_number(which) else None,
            line=sent.cleaned_data["line"],
            at=timezone.now(),
        )
    except ReviewRefused as refusal:
        refused = _said(refusal)
        return show(request, found(request, pk), status=refusal.status, comment_refused=refused, **kept)
    messages.success(request, _("Your comment is there for everybody who sees this submission."))
    return redirect(f"{reverse('reviews:submission', args=[pk])}#comment-{made.pk}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _said(refusal: ReviewRefused) -> str:
    known = {
        "not_a_speaker": _("Viewers and auditors read; who works on a submission comments on it."),
        "comment_empty": _("Write what you want to say."),
        "comment_too_long": _("A comment has at most %(n)s characters.") % {"n": LONGEST_COMMENT},
        "control_characters": _("A comment is plain text; leave the control characters out."),
        "line_not_found": _("The card has no such line; name one of its lines."),
        "finding_not_found": _("There is no such finding in the runs of this version."),
        "decision_not_found": _("The submission has no such decision."),
    }
    return known.get(refusal.code, told(refusal))


@login_required
@require_POST
def claim(request: PageRequest, pk: int) -> HttpResponse:
    """Say that one is at work on a lane."""
    return _of_lane(request, pk, claims.take, _("You are on it for three days. It keeps nobody else from voting."))


@login_required
@require_POST
def release(request: PageRequest, pk: int) -> HttpResponse:
    """Give a lane back."""
    return _of_lane(request, pk, claims.release, _("The lane is free again."))


def _of_lane(request: PageRequest, pk: int, step: claims.Step, done: str) -> HttpResponse:
    shown = found(request, pk)
    lane = request.POST.get("lane", "")
    if lane not in Lane.values:
        messages.error(request, _("Choose the lane."))
        return redirect("reviews:submission", pk=shown.pk)
    try:
        step(submission_id=shown.pk, lane=lane, by=request.user, at=timezone.now())
    except ReviewRefused as refusal:
        messages.error(request, _claim_said(refusal))
    else:
        messages.success(request, done)
    return redirect("reviews:submission", pk=shown.pk)


def _claim_said(refusal: ReviewRefused) -> str:
    known = {
        "lane_claimed": _("Somebody else is on this lane already."),
        "not_claimed": _("You are not on this lane; there is nothing to give back."),
    }
    return known.get(refusal.code, told(refusal))
