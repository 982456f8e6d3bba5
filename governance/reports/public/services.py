"""Publishing the summary of a bias audit: the act of a person, never of a schedule."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import transaction
from django.utils import translation

from audits.models import Run, RunState
from governance.catalog import use_cases
from governance.catalog.models import UseCase, Version
from governance.evidence import kind_pages, results
from governance.evidence.ll144_summary import summary_html
from governance.ledger import services as ledger
from governance.people.models import User
from governance.reports.public.models import PublicPage, PublicSummary
from governance.reports.shapes import LANGUAGES


class PublishingRefused(Exception):
    """The summary cannot be published like this; the message says how to mend it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class NotAPublisher(PublishingRefused):
    """The person is neither risk officer nor administrator of the use case's team."""


# The words of findings that stand in the way are the plan's own keys: that is where they are stated.
NEEDED = ("tool", "data_source", "distribution_date", "auditor", "independence")


@transaction.atomic
def publish(*, use_case_id: int, run_id: int, by: User, at: dt.datetime) -> PublicSummary:
    """Publish the summary of a run at the permanent address of its version in the use case.

    The pages are made now and never again: what was published stays as it was. A later audit is published beside it,
    and the address then shows that one. Publishing the same run again changes nothing.

    Raises:
        NotAPublisher: not a risk officer or administrator of the owner team.
        PublishingRefused: the use case is not marked as an employment decision tool, the run is no finished audit of
            it, its figures compare nothing, or the summary lacks a statement that it has to make.
    """
    use_case = use_cases.held(use_case_id)
    try:
        use_cases.require_keeper(by, use_case.owner_team)
    except use_cases.NotAKeeper as refusal:
        raise NotAPublisher(refusal.code, refusal.message) from refusal
    run, version, document = _publishable(use_case, run_id)
    audited_on = str(document["record"]["audit_date"] or kind_pages.audit_date(run))
    page, _new = PublicPage.objects.get_or_create(version=version, use_case=use_case)
    if published := page.summaries.filter(run=run).first():
        return published
    pages = {language: _html(document, language, audited_on=audited_on, at=at) for language in LANGUAGES}
    last = page.summaries.order_by("-number").first()
    summary = PublicSummary.objects.create(
        page=page,
        number=last.number + 1 if last is not None else 1,
        run=run,
        audited_on=dt.date.fromisoformat(audited_on),
        html_en=pages["en"],
        html_ru=pages["ru"],
        published_at=at,
        published_by=by,
    )
    ledger.record(
        verb="ll144.published",
        object_kind="public_page",
        object_ref=str(page.public_id),
        subject_digest=version.digest,
        actor=by,
        at=at,
        detail={
            "use_case": use_case.slug,
            "number": summary.number,
            "run": run.pk,
            "result_sha256": run.result_sha256,
            "html_sha256": {name: hashlib.sha256(html.encode()).hexdigest() for name, html in pages.items()},
        },
    )
    return summary


def _publishable(use_case: UseCase, run_id: int) -> tuple[Run, Version, results.Document]:
    """A run of the use case with its version and figures, of which a summary can state all that it has to.

    Raises:
        PublishingRefused: as ``publish``.
    """
    if not use_case.employment_decision_tool:
        raise PublishingRefused(
            "not_an_employment_decision_tool",
            "this use case is not marked as an employment decision tool; mark it first, if it is one",
        )
    run, version = _audit(use_case, run_id)
    document = results.read(run)
    if document is None:
        raise PublishingRefused("result_missing", "the figures of this run are no longer kept; run the audit again")
    if run.verdict in ("insufficient_data", "no_information"):
        raise PublishingRefused(
            "compares_nothing", "the figures of this run compare nothing; its findings say what is missing"
        )
    if gaps := [name for name in NEEDED if not document["record"].get(name)]:
        raise PublishingRefused(
            "record_incomplete",
            f"the summary does not state: {', '.join(gaps)}; state it in the part ll144 of the audit plan, and run the"
            " audit again",
        )
    return run, version, document


def _audit(use_case: UseCase, run_id: int) -> tuple[Run, Version]:
    run = Run.objects.filter(pk=run_id, kind="ll144", use_case=use_case.slug).first()
    version = None if run is None else Version.objects.filter(digest=run.subject_digest).first()
    if run is None or version is None:
        raise PublishingRefused(
            "unknown_run", f"there is no audit of kind ll144 with this number for the use case {use_case.slug}"
        )
    if run.state != RunState.SUCCEEDED or run.finished_at is None:
        raise PublishingRefused("run_not_finished", "this audit has no figures: it did not end, or it failed")
    return run, version


def _html(document: results.Document, language: str, *, audited_on: str, at: dt.datetime) -> str:
    with translation.override(language):
        return summary_html(document, audited_on=audited_on, published_on=at.date().isoformat())
