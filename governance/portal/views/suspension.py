"""The kill switch: what would close, closing it, the list of what was closed, and lifting."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from governance.catalog import queries as catalogue
from governance.catalog.models import Entry, SubjectKind, Suspension, Version
from governance.catalog.suspensions import services
from governance.gates import suspending
from governance.people.models import Role, Team, User
from governance.people.queries import standing
from governance.web.cursors import page_of
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest
from governance.web.sentences import SHORTEST_REASON

KEEPERS = (Role.RISK_OFFICER, Role.ADMIN)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=SHORTEST_REASON,
        max_length=services.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Those whose approvals end read it."),
    )


class SuspendForm(ReasonForm):
    """What is meant, how far it reaches, and for whom."""

    version = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    descendants = forms.BooleanField(
        label=gettext_lazy("Close all that was made from it as well"), required=False, initial=True
    )
    team = forms.ChoiceField(label=gettext_lazy("For use cases of"), required=False)
    field_order = ("version", "descendants", "team", "reason")

    def __init__(
        self, *args: Any, entry: Entry, versions: list[Version], user: User, looks: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if looks:  # a reason is for deeds
            shown = self.fields["reason"]
            self.fields["reason"] = forms.CharField(
                label=shown.label, required=False, widget=shown.widget, help_text=shown.help_text
            )
        whole = ("", _("every version of %(name)s, those to come included") % {"name": entry.repo_id})
        one = [(each.digest, _("only version %(sha)s") % {"sha": each.revision[:12]}) for each in versions]
        self.fields["version"] = forms.ChoiceField(label=_("What"), required=False, choices=[whole, *one])
        self.fields["team"] = forms.ChoiceField(
            label=_("For use cases of"), required=False, choices=_teams(user), initial=_teams(user)[0][0]
        )
        self.order_fields(self.field_order)


def may_suspend(user: User) -> bool:
    """Whether the person suspends for any team at all. For showing the button: the deed is checked again."""
    where = standing(user).teams_with(*KEEPERS)
    return where is None or bool(where)


def _teams(user: User) -> list[tuple[str, str]]:
    where = standing(user).teams_with(*KEEPERS)
    teams = Team.objects.order_by("name", "pk")
    listed = [(team.slug, team.name) for team in (teams if where is None else teams.filter(pk__in=where))]
    return [("", _("everybody")), *listed] if where is None else listed


@login_required
def suspend(request: PageRequest, kind: str, ns: str, name: str) -> HttpResponse:
    """A form; ``look`` shows what would close, ``suspend`` closes it."""
    entry = catalogue.find_entry(user=request.user, kind=kind, ns=ns, name=name) if kind in SubjectKind.values else None
    if entry is None:
        raise Http404
    if not may_suspend(request.user):
        raise PermissionDenied
    versions = list(Version.objects.filter(entry=entry).order_by("-imported_at", "-pk")[:50])
    sent = SuspendForm(
        request.POST or None,
        entry=entry,
        versions=versions,
        user=request.user,
        looks="look" in request.POST,
        initial={"version": request.GET.get("version", "")},
    )
    context: dict[str, Any] = {"room": "catalogue", "entry": entry, "form": sent, "found": None}
    if request.method != "POST":
        return render(request, "portal/suspend.html", context)
    if not sent.is_valid():
        return render(request, "portal/suspend.html", context, status=422)
    asked: dict[str, Any] = {
        "entry": entry,
        "version": next((one for one in versions if one.digest == sent.cleaned_data["version"]), None),
        "descendants": sent.cleaned_data["descendants"],
        "team": Team.objects.filter(slug=sent.cleaned_data["team"]).first(),
        "by": request.user,
        "at": timezone.now(),
    }
    try:
        if "look" in request.POST:
            return render(request, "portal/suspend.html", {**context, "found": _seen(suspending.would_close(**asked))})
        made = services.suspend(reason=sent.cleaned_data["reason"], **asked)
    except services.SuspensionRefused as refused:
        sent.add_error(None, refusal(refused))
        return render(request, "portal/suspend.html", context, status=refused.status)
    messages.success(request, _("Suspended. The gate says no from this moment on; the owners are told."))
    return redirect("portal:suspension", pk=made.pk)


def _seen(closed: list[Any]) -> list[dict[str, Any]]:
    rows = []
    for approval in closed:
        entry, version = approval.version.entry, approval.version
        url = reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, version.revision])
        rows.append({"approval": approval, "entry": entry, "version": version, "url": url})
    return rows


@login_required
@require_safe
def suspensions(request: PageRequest) -> HttpResponse:
    """What is and was suspended, newest first."""
    found = Suspension.objects.visible_to(request.user).select_related("entry", "version", "team", "made_by")
    page = page_of(found, request, columns=("-made_at", "-pk"))
    return render(request, "portal/suspensions.html", {"room": "catalogue", "page": page, "rows": page.rows})


@login_required
@require_safe
def suspension(request: PageRequest, pk: int) -> HttpResponse:
    """One suspension with what it closed."""
    return _show(request, _found(request, pk), ReasonForm())


@login_required
@require_POST
def lift(request: PageRequest, pk: int) -> HttpResponse:
    """End a suspension, by a second person."""
    made = _found(request, pk)
    sent = ReasonForm(request.POST)
    if not sent.is_valid():
        return _show(request, made, sent, status=422)
    try:
        services.lift(suspension_id=made.pk, reason=sent.cleaned_data["reason"], by=request.user, at=timezone.now())
    except services.SuspensionRefused as refused:
        sent.add_error(None, refusal(refused))
        return _show(request, made, sent, status=refused.status)
    messages.success(request, _("Lifted. What it closed stays closed until it is reviewed again."))
    return redirect("portal:suspension", pk=made.pk)


def _found(request: PageRequest, pk: int) -> Suspension:
    visible = Suspension.objects.visible_to(request.user)
    visible = visible.select_related("entry", "version", "team", "made_by", "lifted_by")
    return one_or_404(visible, pk)


def _show(request: PageRequest, made: Suspension, form: ReasonForm, *, status: int = 200) -> HttpResponse:
    where = standing(request.user).teams_with(*KEEPERS)
    context = {
        "room": "catalogue",
        "suspension": made,
        "entry": made.entry,
        "found": _seen(suspending.closed_by(made, user=request.user)),
        "form": form,
        "may_lift": made.lifted_at is None and (where is None or made.team_id in where),
        "is_own": made.made_by_id == request.user.pk,
    }
    return render(request, "portal/suspension.html", context, status=status)


def refusal(refused: services.SuspensionRefused) -> str:
    """What was refused, in the reader's language."""
    known = {
        "not_a_risk_officer": _("Only a risk officer or admin of those whose use cases are meant can do this."),
        "already_suspended": _("It is suspended already."),
        "already_lifted": _("This suspension was lifted before."),
        "self_lift": _("You suspended this. A second person has to say that it may run again."),
        "reason_required": _("Say why in at least %(n)s characters.") % {"n": SHORTEST_REASON},
    }
    return known.get(refused.code, refused.message)
