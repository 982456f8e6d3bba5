"""Pages: runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audits import kinds
from audits import services as audits
from audits.measures.ll144.summary import summary_csv
from audits.models import OPEN_STATES, Finding, Run, RunState
from governance.catalog.models import UseCase, Version
from governance.catalog.use_cases import may_keep
from governance.evidence import (
    bias_charts,
    bias_pictures,
    bias_report,
    data_report,
    drift_columns,
    drift_report,
    kind_pages,
    leads_report,
    metrics_report,
    mitigation_report,
    queries,
    results,
    rows_report,
    services,
)
from governance.evidence.ll144_summary import summary_html
from governance.evidence.queries import runs_visible_to
from governance.evidence.showing import findings_shown, kind_name, run_rows, verdict_family
from governance.web.cursors import page_of
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence

MOST_COMPARED = 4


@login_required
@require_safe
def runs(request: PageRequest) -> HttpResponse:
    """Runs that the person sees, newest first. Two queries beside the session's."""
    found = runs_visible_to(request.user)
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    if kind in kinds.names():
        found = found.filter(kind=kind)
    if state in RunState.values:
        found = found.filter(state=state)
    page = page_of(found, request, columns=("-requested_at", "-pk"))
    context = {
        "room": "runs",
        "rows": run_rows(page.rows, versions=_known(request, page.rows)),
        "page": page,
        "kind": kind,
        "state": state,
        "kinds": [(name, kind_name(name)) for name in kinds.names()],
        "states": RunState.choices,
        "is_filtered": kind in kinds.names() or state in RunState.values,
        "refresh_s": 10 if any(row.state in OPEN_STATES for row in page.rows) else None,
    }
    return render(request, "evidence/runs.html", context)


def _known(request: PageRequest, rows: Sequence[Run]) -> dict[str, Version]:
    """The versions that runs were about, by digest, among those that the person sees."""
    digests = {row.subject_digest for row in rows}
    seen = Version.objects.visible_to(request.user).filter(digest__in=digests).select_related("entry")
    return {version.digest: version for version in seen}


def found(request: PageRequest, pk: int) -> Run:
    return one_or_404(runs_visible_to(request.user).select_related("requested_by"), pk)


@login_required
@require_safe
def run(request: PageRequest, pk: int) -> HttpResponse:
    """One run: its progress while it goes on, then what it found. At most seven queries beside the session's."""
    shown = found(request, pk)
    user = request.user
    versions = Version.objects.visible_to(user).select_related("entry")
    version = versions.filter(digest=shown.subject_digest).first()
    use_case = None
    if shown.use_case:
        use_case = UseCase.objects.visible_to(user).select_related("owner_team").filter(slug=shown.use_case).first()
    is_open = shown.state in OPEN_STATES
    if request.htmx and not is_open:
        # Who followed the run gets the whole page: what it found stands in all of it.
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    document = None if is_open else results.read(shown)
    word, family = verdict_family(shown)
    context: dict[str, Any] = {
        "room": "runs",
        "run": shown,
        "version": version,
        "use_case": use_case,
        "kind": kind_name(shown.kind),
        "question": kind_pages.question_of(shown.kind),
        "is_open": is_open,
        "refresh_s": 2 if is_open else None,
        "word": word,
        "family": family,
        "say": _say(shown, document),
        "why": _why(shown, document),
        "findings": findings_shown(Finding.objects.filter(run=shown), rows=data_report.rows_named(document)),
        "packages": sorted(shown.packages.items()),
        "inputs": _inputs(shown),
        "may_cancel": is_open and queries.may_cancel(request.user, run=shown),
        "may_again": not is_open
        and version is not None
        and use_case is not None
        and queries.may_ask(request.user, use_case=use_case),
        "document": document,
    }
    if document is not None:
        context |= _report(request, shown, version, document, may_ask=bool(context["may_again"]))
    if shown.kind == "stress" and use_case is not None:
        context["may_drop"] = may_keep(user, use_case.owner_team)
    return render(request, "evidence/run.html", context)


def _report(
    request: PageRequest, shown: Run, version: Version | None, document: dict[str, Any], *, may_ask: bool
) -> dict[str, Any]:
    """What the page shows of a stored result, by the kind of the audit."""
    if shown.kind == "bias":
        return _bias(request, shown, version, document) | _proposal(shown, may_ask=may_ask)
    if shown.kind == "metrics":
        return {"measured": metrics_report.shown(document)}
    if shown.kind == "mitigation":
        return {"proposed": mitigation_report.shown(document)}
    if shown.kind == "data":
        return {"columns": data_report.column_rows(document)}
    if shown.kind == "drift":
        return {"drift": drift_columns.shown(document), **drift_report.shown(document)}
    return kind_pages.report_of(shown, document)


def _say(shown: Run, document: dict[str, Any] | None) -> str:
    if shown.state in OPEN_STATES:
        return _("The audit is not done yet.")
    if shown.state != RunState.SUCCEEDED:
        return as_sentence(shown.error) or _("The audit could not be done.")
    if shown.kind == "bias" and document is not None:
        return bias_report.in_plain_words(document)
    if shown.kind == "mitigation" and document is not None:
        return mitigation_report.sentence(document)
    if shown.kind == "metrics":
        return _("Metrics of our own were measured; there is no verdict.")
    if shown.kind in ("data", "drift"):
        return data_report.sentence(shown, document)
    if document is not None and (sentence := kind_pages.sentence_of(shown, document)):
        return sentence
    if shown.kind == "license":
        return {
            "conflict": _("The declared licence and the declared use do not go together."),
            "unknown": _("It cannot be told whether the licence allows the use; that counts as no."),
            "warning": _("The licence allows the use on a cautious reading only."),
            "obligation": _("The licence allows the use, with obligations."),
            "pass": _("The licence allows the declared use."),
        }.get(shown.verdict, "")
    return {
        "fail": _("The card cannot be relied on as it is."),
        "warn": _("The card can be read, and leaves something out that a reviewer needs."),
        "pass": _("The card says what a reviewer needs."),
    }.get(shown.verdict, "")


def _why(shown: Run, document: dict[str, Any] | None) -> str:
    if shown.state in (RunState.ERRORED, RunState.TIMED_OUT, RunState.CANCELLED):
        return _("That counts as no. Nothing was measured.")
    if shown.kind == "bias" and document is not None:
        return bias_report.reason(document)
    return ""


def _inputs(shown: Run) -> list[tuple[str, str]]:
    """The digests that a run's inputs name."""
    given = shown.inputs
    uploads = {
        name: given.get(name) for name in ("predictions", "texts", "suite", "data", "reference", "current", "inputs")
    }
    digests = {name: one.get("sha256") for name, one in uploads.items() if isinstance(one, dict)}
    named = [
        (_("Audit plan"), given.get("plan_digest")),
        (_("Predictions"), digests.get("predictions")),
        (_("Texts with answers"), digests.get("texts")),
        (_("Suite with answers"), digests.get("suite")),
        (_("Inputs for a stress audit"), digests.get("inputs")),
        (_("Data"), digests.get("data")),
        (_("Data before"), digests.get("reference")),
        (_("Data of today"), digests.get("current")),
        (_("Card"), given.get("card_sha256")),
        (_("Licence table"), given.get("table_digest")),
    ]
    return [(label, value) for label, value in named if isinstance(value, str) and value]


def _bias(request: PageRequest, shown: Run, version: Version | None, document: dict[str, Any]) -> dict[str, Any]:
    """Charts and tables of a bias run, with the newest run of other versions of the same entry beside it."""
    return {
        "comparisons": bias_charts.comparison_charts(document),
        "rates": bias_charts.rate_charts(document),
        "overall": bias_charts.overall(document),
        "heat_tables": bias_pictures.heat_tables(document),
        "four_fifths": bias_pictures.four_fifths(document),
        "inequality": bias_pictures.inequality(document),
        "curves": bias_pictures.calibration_curves(document),
        "spread": bias_pictures.score_spread(document),
        "worst_slices": bias_charts.worst_slices(document),
        "leads": leads_report.leads(document) | rows_report.parts(document),
        "figures": bias_charts.all_figures(document),
        "groups": document.get("groups", ()),
        "versions": _versions(request, shown, version, document),
        "plan": shown.inputs.get("plan") or {},
    }


def _proposal(shown: Run, *, may_ask: bool) -> dict[str, Any]:
    """The mitigation proposal on the rows of a bias run that found a gap, or whether one can be asked for."""
    if shown.verdict not in ("fail", "warn") or not (shown.inputs.get("plan") or {}).get("features"):
        return {}
    there = queries.proposal_for(shown)
    document = results.read(there) if there is not None else None
    return {
        "proposal": there,
        "proposed": mitigation_report.shown(document) if document else None,
        "may_propose": may_ask and (there is None or there.state not in (*OPEN_STATES, RunState.SUCCEEDED)),
    }


def _versions(
    request: PageRequest, shown: Run, version: Version | None, document: dict[str, Any]
) -> list[dict[str, Any]]:
    if version is None:
        return []
    digests = dict(
        Version.objects.visible_to(request.user)
        .filter(entry=version.entry_id)
        .exclude(pk=version.pk)
        .values_list("digest", "revision")[:200]
    )
    others = (
        runs_visible_to(request.user)
        .filter(subject_digest__in=digests, kind="bias", state=RunState.SUCCEEDED, use_case=shown.use_case)
        .order_by("-requested_at", "-pk")
    )
    newest: dict[str, Run] = {}
    for other in others[:50]:
        newest.setdefault(other.subject_digest, other)
    listed = sorted([*list(newest.values())[: MOST_COMPARED - 1], shown], key=lambda one: (one.requested_at, one.pk))
    if len(listed) < 2:
        return []
    told = []
    for one in listed:
        read = document if one.pk == shown.pk else results.read(one)
        if read is None:
            continue
        (row,) = bias_charts.by_version([(digests.get(one.subject_digest, version.revision), read)])
        told.append({**row, "run": one, "is_this": one.pk == shown.pk})
    return told


@login_required
@require_safe
def ll144_html(request: PageRequest, pk: int) -> HttpResponse:
    """The summary of results under Local Law 144 as a page that stands alone, to keep or publish."""
    shown, document = _calculated(request, pk)
    page = summary_html(document, audited_on=kind_pages.audit_date(shown))
    return _download(page, media_type="text/html", name=f"ll144-run-{shown.pk}.html")


@login_required
@require_safe
def ll144_csv(request: PageRequest, pk: int) -> HttpResponse:
    """The summary of results under Local Law 144 as a spreadsheet."""
    shown, document = _calculated(request, pk)
    return _download(summary_csv(document), media_type="text/csv", name=f"ll144-run-{shown.pk}.csv")


def _calculated(request: PageRequest, pk: int) -> tuple[Run, dict[str, Any]]:
    shown = found(request, pk)
    document = results.read(shown) if shown.kind == "ll144" else None
    if document is None:
        raise Http404
    return shown, document


def _download(content: str, *, media_type: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=f"{media_type}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@login_required
@require_POST
def cancel(request: PageRequest, pk: int) -> HttpResponse:
    """Cancel a run: at once while it waits, at its next step while it runs."""
    shown = found(request, pk)
    try:
        services.cancel(run_id=shown.pk, by=request.user)
    except services.NotAnAsker:
        messages.error(request, _("You did not ask for this run; who did, or an admin, can cancel it."))
    except audits.RunRefused as refusal:
        messages.error(request, as_sentence(str(refusal)))
    else:
        messages.success(request, _("The run stops at its next step."))
    return redirect("evidence:run", pk=pk)


@login_required
@require_POST
def again(request: PageRequest, pk: int) -> HttpResponse:
    """Ask for the same audit on the inputs of today."""
    shown = found(request, pk)
    version = get_object_or_404(Version.objects.visible_to(request.user), digest=shown.subject_digest)
    use_case = get_object_or_404(UseCase.objects.visible_to(request.user), slug=shown.use_case)
    if not queries.may_ask(request.user, use_case=use_case):
        messages.error(request, _("You read here; somebody who submits, reviews or approves can ask for audits."))
        return redirect("evidence:run", pk=pk)
    try:
        asked = services.request(
            kind=shown.kind, version=version, use_case=use_case, renews=shown, by=request.user, at=timezone.now()
        )
    except (services.EvidenceRefused, audits.RunRefused) as refusal:
        messages.error(request, as_sentence(str(refusal)))
        return redirect("evidence:run", pk=pk)
    messages.success(request, _("The audit is asked for again, on the inputs of today."))
    return redirect("evidence:run", pk=asked.pk)


@login_required
@require_POST
def propose(request: PageRequest, pk: int) -> HttpResponse:
    """Ask for a proposal of how the gap that a bias run found could be narrowed."""
    shown = found(request, pk)
    version = get_object_or_404(Version.objects.visible_to(request.user), digest=shown.subject_digest)
    use_case = get_object_or_404(UseCase.objects.visible_to(request.user), slug=shown.use_case)
    try:
        asked = services.ask(kind="mitigation", version=version, use_case=use_case, by=request.user, at=timezone.now())
    except services.NotAnAsker:
        messages.error(request, _("You read here; somebody who submits, reviews or approves can ask for audits."))
    except (services.EvidenceRefused, audits.RunRefused) as refusal:
        messages.error(request, as_sentence(str(refusal)))
    else:
        messages.success(request, _("A proposal is asked for. It says what could be done and decides nothing."))
        return redirect("evidence:run", pk=asked.pk)
    return redirect("evidence:run", pk=pk)
