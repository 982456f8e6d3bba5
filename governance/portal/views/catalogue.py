"""The catalogue as a list, and asking for an import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from governance.catalog import queries as catalogue
from governance.catalog import services
from governance.catalog.forms import ImportForm
from governance.catalog.models import Entry, ImportRequest, ImportState, Stage, SubjectKind
from governance.catalog.snapshots import SnapshotRefused
from governance.people.models import Role, Team
from governance.people.queries import standing
from governance.portal import queries
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence
from governance.web.templatetags.words import look_up

NAMES = ("kind", "card", "stage", "license", "task")
LONGEST, LONGEST_TEXT = 80, 200
CHOICES_SHOWN = 12


@login_required
@require_safe
def entries(request: PageRequest) -> HttpResponse:
    """A page of the catalogue. At most eight queries (ten for a digest) beside the session's, for any length."""
    user, now = request.user, timezone.now()
    text = request.GET.get("q", "")[:LONGEST_TEXT].replace("\0", "")
    chosen = {name: request.GET.get(name, "")[:LONGEST].replace("\0", "") for name in NAMES}
    chosen = {name: value for name, value in chosen.items() if value}
    stage = chosen.get("stage", "")
    among = None
    if stage in Stage.values:
        among = Entry.objects.filter(pk__in=queries.approved_entries(user, stage=stage, at=now))
    filters = catalogue.Filters(
        text=text,
        kind=chosen.get("kind", "") if chosen.get("kind") in SubjectKind.values else "",
        license=chosen.get("license", ""),
        task=chosen.get("task", ""),
        card=chosen.get("card", ""),
        among=among,
    )
    sort = "" if text.strip() else "newest"
    try:
        page = catalogue.search(user=user, filters=filters, sort=sort, cursor=request.GET.get("cursor", ""))
    except catalogue.BadCursor:
        page = catalogue.search(user=user, filters=filters, sort=sort)
    approved = queries.stages_in_force(user, [row.entry for row in page.rows], at=now)
    facets = _facets(request, chosen)
    context = {
        "room": "catalogue",
        "search": text,
        "q": text,
        "rows": [{"row": row, "stages": approved.get(row.entry.pk, [])} for row in page.rows],
        "next_url": _with(request, cursor=page.next) if page.next else "",
        "previous_url": _with(request, cursor=page.previous) if page.previous else "",
        "found": _found(page.total, page.more),
        "named": queries.named_by(user, text),
        "facets": facets,
        "chips": _chips(request, chosen),
        "hidden": [{"name": name, "value": value} for name, value in chosen.items()],
        "is_filtered": bool(chosen or text.strip()),
        "may_import": may_import(request),
        "command": ".venv/bin/python manage.py import_card openai-community/gpt2",
    }
    return render(request, "catalog/entries.html", context)


def may_import(request: PageRequest) -> bool:
    teams = standing(request.user).teams_with(Role.SUBMITTER, Role.ADMIN)
    return teams is None or bool(teams)


def _with(request: PageRequest, **changes: str) -> str:
    """This address with other filters; an empty one is left out, and a new filter begins at the first page."""
    query = request.GET.copy()
    for name in [name for name in query if name not in (*NAMES, "q")]:
        del query[name]
    for name, value in changes.items():
        if value:
            query[name] = value
        elif name in query:
            del query[name]
    return f"?{query.urlencode()}"


def _found(total: int, more: bool) -> str:
    if more:
        return _("more than %(n)s found") % {"n": total}
    return ngettext("%(n)s found", "%(n)s found", total) % {"n": total}


def _facets(request: PageRequest, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """Filters as links. Two queries."""
    user = request.user
    fixed: list[tuple[str, str, list[tuple[str, str, int | None]]]] = [
        ("kind", _("Kind"), [(value, str(label), None) for value, label in SubjectKind.choices]),
        ("stage", _("Approved for"), [(value, str(label), None) for value, label in Stage.choices]),
        (
            "card",
            _("Card"),
            [(value, str(look_up(value, "verdict").label), None) for value in ("pass", "warn", "fail")],
        ),
    ]
    licences = catalogue.choices(user=user, column="license", most=CHOICES_SHOWN)
    tasks = catalogue.choices(user=user, column="task", most=CHOICES_SHOWN)
    unsaid = {catalogue.NONE: _("none said")}
    fixed.append(("license", _("Licence"), [(value, unsaid.get(value, value), n) for value, n in licences]))
    fixed.append(("task", _("Task"), [(value, value, number) for value, number in tasks]))
    facets = []
    for name, title, options in fixed:
        current = chosen.get(name, "")
        if not options and not current:
            continue
        if current and current not in [value for value, _label, _n in options]:
            options = [(current, current, None), *options]
        shown = [
            {
                "label": label,
                "count": number,
                "current": value == current,
                "url": _with(request, **{name: "" if value == current else value}),
            }
            for value, label, number in options
        ]
        facets.append({"title": title, "options": shown})
    return facets


def _chips(request: PageRequest, chosen: Mapping[str, str]) -> list[dict[str, str]]:
    titles = {
        "kind": _("Kind"),
        "card": _("Card"),
        "stage": _("Approved for"),
        "license": _("Licence"),
        "task": _("Task"),
    }
    return [
        {"label": f"{titles[name]}: {value}", "url": _with(request, **{name: ""})} for name, value in chosen.items()
    ]


# --- imports -------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_entry(request: PageRequest) -> HttpResponse:
    """Ask for a repository of the Hub to be imported; a worker does it."""
    teams = standing(request.user).teams_with(Role.SUBMITTER, Role.ADMIN)
    choices = Team.objects.order_by("name", "pk")
    form = ImportForm(request.POST or None, teams=choices if teams is None else choices.filter(pk__in=teams))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            sent = form.cleaned_data
            try:
                wish = services.request_import(
                    repo_id=sent["repo_id"],
                    kind=sent["kind"],
                    revision=sent["revision"] or None,
                    team=sent["team"],
                    by=request.user,
                    at=timezone.now(),
                )
            except SnapshotRefused as refusal:
                form.add_error(None, as_sentence(refusal.message))
                status = 403 if refusal.code == "not_allowed" else 422
            else:
                messages.success(request, _("The import is queued."))
                return redirect("catalog:import-request", public_id=wish.public_id)
    recent = ImportRequest.objects.visible_to(request.user).order_by("-requested_at", "-pk")[:10]
    context = {"room": "catalogue", "form": form, "may_import": may_import(request), "recent": recent}
    return render(request, "catalog/import.html", context, status=status)


@login_required
@require_safe
def import_request(request: PageRequest, public_id: str) -> HttpResponse:
    """What became of an import. Two queries beside the session's."""
    visible = ImportRequest.objects.visible_to(request.user).select_related("version__entry", "requested_by")
    wish = get_object_or_404(visible, public_id=public_id)
    is_open = wish.state in (ImportState.QUEUED, ImportState.RUNNING)
    context = {"room": "catalogue", "wish": wish, "is_open": is_open, "refresh_s": 3 if is_open else None}
    return render(request, "catalog/import_request.html", context)
