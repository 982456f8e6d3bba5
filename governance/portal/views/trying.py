"""Trying a model: a panel in which a person types, shows a picture or plays a sound, and a worker has the model answer.
Nothing of it runs in here, and no file is decoded."""

from __future__ import annotations

import csv
import io
import json
import shlex
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audits import blobs
from audits import services as audits
from audits.kinds.base import InputsRejected
from audits.models import OPEN_STATES, Run, RunState
from governance.catalog.models import UseCase, Version
from governance.evidence import kind_pages, results, trials
from governance.evidence.models import KeptTrial
from governance.evidence.queries import may_ask, may_cancel, runs_visible_to
from governance.evidence.services import EvidenceRefused, NotAnAsker
from governance.evidence.showing import verdict_family
from governance.evidence.takes import PICTURE, ROWS, SOUND, takes
from governance.evidence.wording import refusal_text
from governance.people.models import User
from governance.portal.forms import TrialForm
from governance.portal.views.licence import found, parts
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence

MOST_USE_CASES = 100
KEPT_SHOWN = 10
POLL_S = 2


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def panel(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> HttpResponse:
    """What can be typed, the trial that is looked at, and those that were kept. At most 20 queries."""
    version = found(request, kind, ns, name, sha)
    mine = [one for one in _use_cases(request.user) if trials.may_try(request.user, use_case=one)]
    sent = request.method == "POST"
    asked = (request.POST if sent else request.GET).get("use_case", "")
    use_case = next((one for one in mine if one.slug == asked), None) or next(iter(mine), None)
    models = trials.models_of(version, use_case) if use_case is not None else []
    looked_at = _trial(request, version)
    form = TrialForm(
        *((request.POST, request.FILES) if sent else ()),
        use_cases=[(one.slug, one.name) for one in mine],
        models=[(one.reference, one.path if one.path != "." else one.way) for one in models],
        takes_by_task=takes(version.task),
        initial={
            "use_case": use_case.slug if use_case is not None else "",
            "lines": TrialForm.ROWS if takes(version.task) == ROWS else TrialForm.TEXTS,
            **_typed(looked_at.get("run")),
        },
    )
    status = 200
    if sent:
        run = None
        if use_case is not None and form.is_valid():
            run = _asked(form, request.user, version=version, use_case=use_case)
        if run is not None:
            return redirect(_address(version, run))
        status = 422 if use_case is not None else 403
    context = {
        "room": "catalogue",
        "version": version,
        "entry": version.entry,
        "form": form,
        "use_case": use_case,
        "models": models,
        "asked_by_rest": _asked_by_rest(version, use_case) if use_case is not None else "",
        "kept_trials": _kept(request.user, version),
        **looked_at,
    }
    template = "portal/partials/try.html" if request.htmx else "portal/try.html"
    return render(request, template, context, status=status)


def _use_cases(user: User) -> list[UseCase]:
    visible = UseCase.objects.visible_to(user).select_related("owner_team").order_by("name", "slug")
    return list(visible[:MOST_USE_CASES])


def _asked(form: TrialForm, user: User, *, version: Version, use_case: UseCase) -> Run | None:
    """The run that was asked for; None where it was refused, which then stands in the form."""
    cleaned = form.cleaned_data
    shown, played = cleaned.get("picture"), cleaned.get("sound")
    about: dict[str, Any]
    if shown is not None:
        about = {"pictures": [shown.read()]}
    elif played is not None:
        about = {"sounds": [played.read()], "hearing": cleaned["hearing"]}
    else:
        about = {"cells": _cells(cleaned["typed"], rows=cleaned["lines"] == TrialForm.ROWS)}
    try:
        return trials.ask(
            version=version,
            use_case=use_case,
            model=cleaned.get("model", ""),
            **about,
            by=user,
            at=timezone.now(),
        )
    except EvidenceRefused as refusal:
        form.add_error(None, refusal_text(refusal.code, refusal.params) or as_sentence(str(refusal)))
    except audits.RunRefused as refusal:
        form.add_error(None, as_sentence(str(refusal)))
    return None


def _cells(typed: str, *, rows: bool) -> list[Any]:
    """Texts, one for each line; or rows of a csv, whose numbers are numbers."""
    if not rows:
        return [line for line in typed.splitlines() if line.strip()]
    read = csv.reader(io.StringIO(typed, newline=None), skipinitialspace=True)
    return [[_number(cell) for cell in row] for row in read if row]


def _number(cell: str) -> str | float:
    """A finite number where it is one, else the words as they are, such as ``NaN``."""
    try:
        found = float(cell)
    except ValueError:
        return cell
    return found if abs(found) < 2**53 else cell


def _trial(request: PageRequest, version: Version) -> dict[str, Any]:
    """The trial that the address names, as far as it is. At most four queries."""
    named = request.GET.get("trial", "")
    if not named.isascii() or not named.isdecimal() or len(named) > 18:
        return {}
    run = runs_visible_to(request.user).filter(pk=int(named), kind=trials.KIND, subject_digest=version.digest).first()
    if run is None:
        return {}
    is_open = run.state in OPEN_STATES
    document = None if is_open else results.read(run)
    word, family = verdict_family(run)
    use_case = UseCase.objects.select_related("owner_team").filter(slug=run.use_case).first()
    return {
        "run": run,
        "is_open": is_open,
        "refresh_s": POLL_S if is_open else None,
        "word": word,
        "family": family,
        "say": kind_pages.sentence_of(run, document) if document is not None else _without_answer(run),
        "kept": KeptTrial.objects.filter(run=run).select_related("kept_by").first(),
        "may_keep": document is not None and use_case is not None and trials.may_try(request.user, use_case=use_case),
        "may_cancel": is_open and may_cancel(request.user, run=run),
        "may_keep_case": document is not None and use_case is not None and may_ask(request.user, use_case=use_case),
        **(kind_pages.report_of(run, document) if document is not None else {}),
    }


def _without_answer(run: Run) -> str:
    if run.state == RunState.SUCCEEDED:
        return _("Nobody kept this trial, and what was asked and answered was erased since. Ask again.")
    what = {
        "inputs": _("The question does not fit the model."),
        "sound_unclear": _("It is not clear how the model hears. Tell it below, or mend what its files say."),
    }.get(run.error_code, "")
    return f"{what} {as_sentence(run.error)}".strip()


def _typed(run: Run | None) -> dict[str, Any]:
    """What was asked, as it was typed, to be changed a little and asked again."""
    if run is None:
        return {}
    try:
        cells = json.loads(blobs.read_checked(str(run.inputs.get("question_sha256"))))
    except InputsRejected:
        return {}
    if any(isinstance(cell, dict) for cell in cells):
        return dict(run.inputs.get("hearing") or {})  # a browser sends a file again only if it is chosen again
    if all(isinstance(cell, str) for cell in cells):
        return {"typed": "\n".join(cells), "lines": TrialForm.TEXTS}
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([cell] if isinstance(cell, str) else cell for cell in cells)
    return {"typed": written.getvalue().rstrip("\n"), "lines": TrialForm.ROWS}


def _kept(user: User, version: Version) -> list[dict[str, Any]]:
    """The newest trials that were kept of a version. One query."""
    newest = KeptTrial.objects.visible_to(user).filter(version=version).select_related("run", "use_case", "kept_by")
    return [
        {"kept": one, "url": _address(version, one.run), "word": one.run.verdict}
        for one in newest.order_by("-kept_at", "-pk")[:KEPT_SHOWN]
    ]


def _address(version: Version, run: Run) -> str:
    where = reverse("catalog:try", args=parts(version))
    return f"{where}?{urlencode({'use_case': run.use_case, 'trial': str(run.pk)})}#try"


def _trial_of(request: PageRequest, version: Version, pk: int) -> Run:
    """The trial of a version that the person sees, or 404."""
    if pk >= 2**63:
        raise Http404
    return get_object_or_404(runs_visible_to(request.user), pk=pk, kind=trials.KIND, subject_digest=version.digest)


@login_required
@require_POST
def keep(request: PageRequest, kind: str, ns: str, name: str, sha: str, pk: int) -> HttpResponse:
    """Keep a trial as evidence."""
    version = found(request, kind, ns, name, sha)
    run = _trial_of(request, version, pk)
    try:
        trials.keep(run_id=run.pk, note=request.POST.get("note", ""), by=request.user, at=timezone.now())
    except NotAnAsker:
        messages.error(request, _("You only read here; submitters and reviewers of the team keep trials."))
    except EvidenceRefused as refusal:
        messages.error(request, as_sentence(str(refusal)))
    else:
        messages.success(request, _("The trial is kept as evidence."))
    return redirect(_address(version, run))


@login_required
@require_POST
def keep_case(request: PageRequest, kind: str, ns: str, name: str, sha: str, pk: int) -> HttpResponse:
    """Make a text or a picture of a trial a permanent test of the entry."""
    version = found(request, kind, ns, name, sha)
    run = _trial_of(request, version, pk)
    row = request.POST.get("row", "0")
    number = int(row) if row.isascii() and row.isdecimal() and len(row) < 4 else -1
    try:
        trials.keep_case(
            run_id=run.pk, row=number, expected=request.POST.get("expected", ""), by=request.user, at=timezone.now()
        )
    except NotAnAsker:
        messages.error(request, _("You only read here; submitters, reviewers and approvers of the team keep tests."))
    except EvidenceRefused as refusal:
        messages.error(request, refusal_text(refusal.code, refusal.params) or as_sentence(str(refusal)))
    else:
        messages.success(request, _("It is a permanent test now: every later stress audit asks it too."))
    return redirect(_address(version, run))


def _asked_by_rest(version: Version, use_case: UseCase) -> str:
    """The same question as a program asks it."""
    subject = {"kind": version.entry.kind, "id": version.entry.repo_id, "revision": version.revision}
    cell = {ROWS: ["…", "…"], PICTURE: {PICTURE: "…"}, SOUND: {SOUND: "…"}}.get(takes(version.task), "…")
    asked = {"subject": subject, "use_case": use_case.slug, "inputs": [cell]}
    body = shlex.quote(json.dumps(asked, ensure_ascii=False))
    sent = '-H "Authorization: Bearer $ASSAY_TOKEN" -H "Content-Type: application/json"'
    return f'curl {sent} -d {body} "{str(settings.PUBLIC_URL).rstrip("/")}/api/v1/trials/"'
