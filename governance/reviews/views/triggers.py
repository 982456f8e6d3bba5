"""Pages: closing a reason to look again by hand."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.reviews import triggers
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import Trigger
from governance.reviews.refusals import told
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest
from governance.web.sentences import LONGEST_REASON


@login_required
@require_POST
def close(request: PageRequest, pk: int) -> HttpResponse:
    """Close one, with the reason why nothing has to be done."""
    shown = one_or_404(Trigger.objects.visible_to(request.user), pk)
    reason = request.POST.get("reason", "")[:LONGEST_REASON].replace("\0", "")
    try:
        triggers.close(trigger_id=shown.pk, by=request.user, reason=reason, at=timezone.now())
    except ReviewRefused as refusal:
        messages.error(request, _said(refusal))
    else:
        messages.success(request, _("Closed, with your reason."))
    # Rooms above have the list; it is where the reader came from.
    return redirect(f"{reverse('portal:inbox')}?show=again")


def _said(refusal: ReviewRefused) -> str:
    known = {
        "not_a_keeper": _("Approvers and risk officers of the use case's team close this."),
        "invalid_transition": _("This was closed already."),
        "reason_required": _("Say why nothing has to be done, in ten characters or more."),
    }
    return known.get(refusal.code, told(refusal))
