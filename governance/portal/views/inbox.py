"""The first page: what waits for the person."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from governance.notifications.models import Notice
from governance.people.models import User
from governance.people.queries import standing
from governance.portal import queries, wording
from governance.reviews import queries as reviews
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.standing import stands_at
from governance.web.cursors import page_of
from governance.web.requests import PageRequest
from governance.web.templatetags.words import look_up

LATELY = dt.timedelta(days=7)


@login_required
@require_safe
def home(request: PageRequest) -> HttpResponse:
    return redirect("portal:inbox")


@login_required
@require_safe
def inbox(request: PageRequest) -> HttpResponse:
    """Four lists, one at a time, and the notices. Seven queries beside the session's."""
    user = request.user
    lists: dict[str, QuerySet[Submission]] = {
        "you": reviews.for_inbox(user),
        "mine": reviews.submitted_by(user),
        "others": reviews.waiting_for_others(user),
        "decided": reviews.decided_since(user, since=timezone.now() - LATELY),
    }
    chosen = request.GET.get("show", "you")
    chosen = chosen if chosen in lists else "you"
    counts = {name: found.order_by().count() for name, found in lists.items()}
    columns = ("submitted_at", "pk") if chosen == "you" else ("-submitted_at", "-pk")
    page = page_of(lists[chosen], request, columns=columns)
    labels = {
        "you": _("For you"),
        "mine": _("Submitted by you"),
        "others": _("Waiting for others"),
        "decided": _("Decided this week"),
    }
    tabs = [
        {"label": labels[name], "url": f"?show={name}", "count": counts[name], "current": name == chosen}
        for name in lists
    ]
    context = {
        "room": "inbox",
        "lead": _lead(counts["you"]),
        "tabs": tabs,
        "chosen": chosen,
        "rows": [{"submission": s, "stands": stands_at(s), "turn": _turn(s, user)} for s in page.rows],
        "page": page,
        "notices": [wording.notice(line) for line in queries.notices_of(user)],
        "has_roles": bool(standing(user).roles),
    }
    return render(request, "portal/inbox.html", context)


def _lead(waiting: int) -> str:
    if not waiting:
        return _("Nothing waits for you.")
    return ngettext("%(n)s submission waits for you.", "%(n)s submissions wait for you.", waiting) % {"n": waiting}


def _turn(submission: Submission, user: User) -> str:
    """What the person is asked for, in a few words."""
    if submission.state == SubmissionState.CHANGES_REQUESTED and submission.submitted_by_id == user.pk:
        return _("changes are asked of you")
    if submission.state != SubmissionState.IN_REVIEW:
        return ""
    asked = [lane["lane"] for lane in submission.evaluation.get("votes", ())]
    held = [lane for lane in standing(user).lanes(team_id=submission.use_case.owner_team_id) if lane in asked]
    if held and submission.submitted_by_id != user.pk:
        names = ", ".join(str(look_up(lane, "lane").label) for lane in held)
        return _("lanes of yours: %(lanes)s") % {"lanes": names}
    return ""


@login_required
@require_POST
def read(request: PageRequest) -> HttpResponse:
    """Mark the person's notices as read."""
    Notice.objects.filter(user=request.user, read_at=None).update(read_at=timezone.now())
    return redirect("portal:inbox")
