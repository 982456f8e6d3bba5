"""The first page: what waits for the person."""

from __future__ import annotations

import datetime as dt
from typing import Any

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
from governance.reviews import saying, work
from governance.reviews.models import Submission, SubmissionState, Trigger
from governance.reviews.standing import stands_at
from governance.web.cursors import page_of
from governance.web.requests import PageRequest
from governance.web.templatetags.words import look_up

LATELY = dt.timedelta(days=7)
AGAIN = "again"


@login_required
@require_safe
def home(request: PageRequest) -> HttpResponse:
    return redirect("portal:inbox")


@login_required
@require_safe
def inbox(request: PageRequest) -> HttpResponse:
    """Lists, one at a time, what to look at again, and the notices. Nine queries beside the session's."""
    user, now = request.user, timezone.now()
    keeps = work.keeps_any(user)
    lists: dict[str, QuerySet[Submission]] = {
        "you": work.queue(user, at=now),
        "mine": reviews.submitted_by(user),
        "others": reviews.waiting_for_others(user),
        "decided": reviews.decided_since(user, since=now - LATELY),
    }
    chosen = request.GET.get("show", "you")
    chosen = chosen if chosen in lists or (keeps and chosen == AGAIN) else "you"
    counts = {name: found.order_by().count() for name, found in lists.items()}
    again = work.to_look_at_again(user)
    if keeps:
        counts[AGAIN] = again.order_by().count()
    labels = {
        "you": _("For you"),
        "mine": _("Submitted by you"),
        "others": _("Waiting for others"),
        "decided": _("Decided this week"),
        AGAIN: _("To look at again"),
    }
    tabs = [
        {"label": labels[name], "url": f"?show={name}", "count": count, "current": name == chosen}
        for name, count in counts.items()
    ]
    context = {
        "room": "inbox",
        "lead": _lead(counts["you"]),
        "tabs": tabs,
        "chosen": chosen,
        **(_again(again, request) if chosen == AGAIN else _submissions(lists[chosen], request, chosen, at=now)),
        "notices": [wording.notice(line) for line in queries.notices_of(user)],
        "has_roles": bool(standing(user).roles),
    }
    return render(request, "portal/inbox.html", context)


def _submissions(found: QuerySet[Submission], request: PageRequest, chosen: str, *, at: dt.datetime) -> dict[str, Any]:
    """A page of one of the lists; what waits for the person comes in the order in which to do it."""
    page = page_of(found, request, columns=work.ORDER if chosen == "you" else ("-submitted_at", "-pk"))
    claims = work.claims_on(page.rows, at=at) if chosen == "you" else {}
    rows = [
        {
            "submission": one,
            "stands": stands_at(one),
            "turn": _turn(one, request.user),
            "claims": claims.get(one.pk, ()),
            "overdue": one.state == SubmissionState.IN_REVIEW and one.due_at is not None and one.due_at <= at,
        }
        for one in page.rows
    ]
    return {"rows": rows, "page": page}


def _again(found: QuerySet[Trigger], request: PageRequest) -> dict[str, Any]:
    """A page of what to look at again."""
    page = page_of(found, request, columns=("-last_seen", "-pk"))
    return {"rows": [saying.trigger(one) for one in page.rows], "page": page}


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
