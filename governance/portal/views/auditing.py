"""Having an audit of uploads done: which there are for a version in a use case, what each needs, and the start."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audits import services as audits
from audits.models import OPEN_STATES, Run
from governance.catalog import fetching
from governance.catalog import services as catalog
from governance.catalog import showing as catalogue
from governance.catalog.models import UseCase, Version
from governance.evidence import inputs, kind_pages, queries
from governance.evidence import services as evidence
from governance.evidence.models import Attachment
from governance.evidence.showing import kind_name, verdict_family
from governance.evidence.wording import refusal_text
from governance.people.models import Role, User
from governance.people.queries import standing
from governance.portal.forms import AuditForm
from governance.portal.views.licence import found, parts
from governance.reviews import services as reviews
from governance.reviews.errors import ReviewRefused
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence


@login_required
@require_safe
def listed(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> HttpResponse:
    """The audits that read uploads, and how each stands in one use case. At most 25 queries."""
    version = found(request, kind, ns, name, sha)
    use_cases = list(UseCase.objects.visible_to(request.user).select_related("owner_team").order_by("name", "slug"))
    asked = request.GET.get("use_case", "")
    # Whoever names none most likely means one that they can bring evidence to.
    first = sorted(use_cases, key=lambda one: not _may_bring(request.user, one))[:1]
    chosen = next((one for one in use_cases if one.slug == asked), None) or next(iter(first), None)
    context = {
        "room": "catalogue",
        "version": version,
        "entry": version.entry,
        "use_cases": use_cases,
        "use_case": chosen,
        "rows": [] if chosen is None else _rows(version, chosen),
        "may_bring": chosen is not None and _may_bring(request.user, chosen),
    }
    return render(request, "portal/audits.html", context)


def _may_bring(user: User, use_case: UseCase) -> bool:
    return standing(user).has(Role.SUBMITTER, team_id=use_case.owner_team_id)


def _rows(version: Version, use_case: UseCase) -> list[dict[str, Any]]:
    """Every audit of uploads with what it reads and how it stands."""
    stands = {one.kind: one for one in queries.standings(version=version, use_case=use_case, kinds=inputs.UPLOADED)}
    return [
        {
            "kind": _name(kind),
            "question": kind_pages.question_of(kind),
            "reads": [role.label for role in reads.uploads.values()],
            "url": reverse("catalog:audit", args=[*parts(version), use_case.slug, kind]),
            **_stands(stands[kind]),
        }
        for kind, reads in inputs.UPLOADED.items()
    ]


def _name(kind: str) -> str:
    name = kind_name(kind)
    return name[:1].upper() + name[1:]


def _stands(stand: queries.Standing) -> dict[str, Any]:
    """The run that is current, else the newest that is out of date; or what is missing for one."""
    run = stand.run or stand.outdated
    shown: dict[str, Any] = {"run": run, "is_outdated": stand.run is None, "lacking": ""}
    if run is not None:
        shown["word"], shown["family"] = verdict_family(run)
    if stand.lacking:
        shown["lacking"] = refusal_text(stand.lacking, {}) or _("No table for it is attached yet.")
    return shown


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def audit(request: PageRequest, kind: str, ns: str, name: str, sha: str, slug: str, audit: str) -> HttpResponse:
    """What one audit needs, and the form that brings its tables and starts it. At most 14 queries."""
    version = found(request, kind, ns, name, sha)
    if audit not in inputs.UPLOADED:
        raise Http404
    use_case = get_object_or_404(UseCase.objects.visible_to(request.user).select_related("owner_team"), slug=slug)
    reads = inputs.UPLOADED[audit]
    attached = {role: inputs.newest(version, use_case, role) for role in reads.uploads.values()}
    there = [role for role, one in attached.items() if one is not None]
    if _store_has_files(version, use_case, audit):
        there.append(Attachment.Role.FILES)
    # Who may ask and not bring can start on what is attached.
    bringable = list(reads.uploads.values()) if _may_bring(request.user, use_case) else []
    may_start = queries.may_ask(request.user, use_case=use_case) and (bool(bringable) or len(there) == len(attached))
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form, run = AuditForm(*sent, roles=bringable, attached=there), None
    if sent and may_start and form.is_valid():
        run = _started(form, request.user, version=version, use_case=use_case, kind=audit)
    if run is None:
        status = 200 if not sent else 422 if may_start else 403
        shown = _shown(request.user, form, version=version, use_case=use_case, kind=audit, attached=attached)
        return render(request, "portal/audit.html", {**shown, "may_start": may_start}, status=status)
    if run.state in OPEN_STATES:
        messages.success(request, _("The audit is asked for."))
    else:
        messages.info(request, _("These very inputs have been audited already; this is what was found."))
    return redirect("evidence:run", pk=run.pk)


def _store_has_files(version: Version, use_case: UseCase, audit: str) -> bool:
    """Whether an audit of files has what it reads without an upload."""
    if audit == "stress":
        return inputs.has_callable(version) or inputs.needs_no_model(use_case)
    return audit == "files" and not isinstance(
        inputs.wanted(kind=audit, version=version, use_case=use_case), inputs.Lacking
    )


@login_required
@require_POST
def fetch(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> HttpResponse:
    """Have a version's files fetched from the Hub, and go back to where that was asked."""
    version = found(request, kind, ns, name, sha)
    try:
        catalog.request_fetch(version=version, by=request.user, at=timezone.now())
        messages.success(request, _("The files are being fetched; the page of the audit shows how far it is."))
    except fetching.FetchRefused as refused:
        messages.error(request, _FETCH_REFUSED.get(refused.code) or as_sentence(str(refused)))
    use_case = UseCase.objects.visible_to(request.user).filter(slug=request.POST.get("use_case", "")).first()
    if use_case is None:
        return redirect("catalog:audits", *parts(version))
    return redirect("catalog:audit", *parts(version), use_case.slug, "files")


_FETCH_REFUSED = {
    "not_allowed": gettext_lazy("Fetching needs the role submitter; an administrator gives it."),
    "not_of_the_hub": gettext_lazy(
        "This version is not one of the Hub’s with a commit and listed hashes; upload its files instead."
    ),
    "nothing_to_fetch": gettext_lazy("Every file of this version is here already."),
}


_AS_A_RUN = {"queued": "queued", "running": "running", "done": "succeeded", "refused": "errored"}


def _fetch_shown(user: User, version: Version) -> dict[str, Any] | None:
    """The newest fetch of the files, and whether there is something to fetch; None for a version not of the Hub."""
    if not fetching.can_be_fetched(version):
        return None
    missing, newest = fetching.missing_files(version), version.fetches.order_by("-requested_at", "-pk").first()
    return {
        "newest": newest,
        "state": "" if newest is None else _AS_A_RUN[newest.state],
        "missing": len(missing),
        "bytes": sum(file.size or 0 for file in missing),
        "may": standing(user).teams_with(Role.SUBMITTER, Role.ADMIN) != [],
        "budget": settings.MAX_FETCH_BYTES,
    }


def _started(form: AuditForm, user: User, *, version: Version, use_case: UseCase, kind: str) -> Run | None:
    """The run that was asked for; None where it was refused, which then stands in the form."""
    uploads = {}
    for role, file in list(form.cleaned_data.items()):
        if file is None:
            continue
        try:
            uploads[role] = evidence.upload(
                stream=file,
                filename=file.name or "upload",
                media_type=file.content_type or "application/octet-stream",
                by=user,
                at=timezone.now(),
            )
        except evidence.EvidenceRefused as refusal:
            form.add_error(role, refusal_text(refusal.code, refusal.params) or as_sentence(str(refusal)))
    if form.errors:
        return None
    try:
        return reviews.start_audit(
            kind=kind, version=version, use_case=use_case, uploads=uploads, by=user, at=timezone.now()
        )
    except ReviewRefused as refusal:
        role = str(refusal.params.get("role", ""))
        said = refusal_text(refusal.code, refusal.params) or as_sentence(str(refusal))
        form.add_error(role if role in form.fields else None, said)
    except audits.RunRefused as refusal:
        form.add_error(None, as_sentence(str(refusal)))
    return None


def _shown(
    user: User,
    form: AuditForm,
    *,
    version: Version,
    use_case: UseCase,
    kind: str,
    attached: Mapping[Attachment.Role, Attachment | None],
) -> dict[str, Any]:
    reads = inputs.UPLOADED[kind]
    plan = inputs.plan_of(use_case) if reads.part else None
    part = plan.document.get(reads.part) if plan is not None else None
    lacking = "audit_plan_missing" if reads.plan_needed and part is None else ""
    if not lacking and reads.key and not (part or {}).get(reads.key):
        lacking = f"{reads.key}_missing"
    (stand,) = queries.standings(version=version, use_case=use_case, kinds=[kind])
    fields = {role: inputs.columns_wanted(use_case, role=role) for role in attached if role.value in form.fields}
    return {
        "room": "catalogue",
        "version": version,
        "entry": version.entry,
        "use_case": use_case,
        "name": _name(kind),
        "question": kind_pages.question_of(kind),
        "stands": _stands(stand),
        "form": form,
        "fields": [{"field": form[role.value], "hint": _hint(role, columns, kind)} for role, columns in fields.items()],
        "files": [{"label": role.label, "attachment": one} for role, one in attached.items()],
        "plan": plan,
        "plan_part": reads.part,
        "plan_text": catalogue.plan_text({reads.part: part}) if part is not None else "",
        "may_keep": catalogue.may_keep(user, use_case=use_case),
        "lacking": refusal_text(lacking, {}) if lacking else "",
        "fetch": _fetch_shown(user, version) if kind == "files" else None,
        "makes": _MAKES.get(kind, ()),
        "asked_by_rest": _asked_by_rest(version, use_case, kind),
    }


def _hint(role: Attachment.Role, columns: list[str], kind: str) -> str:
    """What a table of a role has to look like."""
    if role == Attachment.Role.FILES and kind == "stress":
        return _(
            "A file of the version that can be run without running what its author wrote: ONNX or skops. What is stored"
            " with the version is read without an upload. A pickled model is converted where its owner trusts it, and"
            " imported as a new version."
        )
    if role == Attachment.Role.FILES:
        return _("One file of the version, or an archive (zip, tar, 7z) of all of them.")
    formats = _("csv, csv.gz, jsonl or parquet")
    if columns:
        return _("%(formats)s, with the columns %(columns)s.") % {"formats": formats, "columns": ", ".join(columns)}
    said = {
        Attachment.Role.PREDICTIONS: _("%(formats)s; its columns are named by the audit plan."),
        Attachment.Role.STRESS: _(
            "%(formats)s, with what the model takes: a column text, the model’s own columns, or a column image with"
            " base64; and, where the right answers are known, a column label."
        ),
        Attachment.Role.DATA: _("%(formats)s; every column is looked at."),
        Attachment.Role.REFERENCE: _("%(formats)s; the table that was looked at when the version was judged."),
    }
    return said.get(role, "%(formats)s") % {"formats": formats}


# Commands that make the table which a model then answers.
_MAKES = {
    "counterfactual": ("python manage.py make_counterfactuals TEXTS_OR_TEMPLATES --swaps gender_en --out texts.csv",),
    "suite": ("python manage.py make_suite TEMPLATES.yaml --out cases.csv",),
}


def _asked_by_rest(version: Version, use_case: UseCase, kind: str) -> str:
    """The same question as a pipeline asks it."""
    subject = {"kind": version.entry.kind, "id": version.entry.repo_id, "revision": version.revision}
    body = shlex.quote(json.dumps({"kind": kind, "subject": subject, "use_case": use_case.slug}))
    sent = '-H "Authorization: Bearer $ASSAY_TOKEN" -H "Content-Type: application/json"'
    return f'curl {sent} -d {body} "{str(settings.PUBLIC_URL).rstrip("/")}/api/v1/runs/"'
