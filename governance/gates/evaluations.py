"""Questions of pipelines that are answered to the end: audits that are missing are started, every answer is kept."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib

from django.db import IntegrityError, transaction
from django.db.models import Q

from audits.locks import hold_subject
from audits.models import Run
from governance.catalog import queries as catalogue
from governance.catalog.models import UseCase, Version
from governance.evidence import queries as evidence_queries
from governance.evidence import services as evidence
from governance.gates.documents import gate_document
from governance.gates.models import Approval, GateEvaluation, GateVerdict
from governance.gates.queries import GateAnswer, closing_conditions, gate_answer
from governance.gates.signals import audits_asked
from governance.gates.stored import Subject
from governance.gates.ways import ELSEWHERE
from governance.people.models import User
from governance.policies import queries as policies

PENDING = "pending"


@transaction.atomic
def ask(
    *,
    subject: Subject,
    use_case: str,
    stage: str,
    manifest_sha256: str = "",
    ensure_audits: bool = False,
    by: User,
    at: dt.datetime,
) -> GateEvaluation:
    """Keep a question, and start the audits that are missing for its answer where it says so.

    Raises:
        evidence.NotAnAsker: audits were to be started by somebody who only reads in the use case's team.
    """
    if ensure_audits:
        _start_audits(subject, use_case=use_case, stage=stage, by=by, at=at)
    return GateEvaluation.objects.create(
        asked_by=by,
        asked_at=at,
        kind=subject.kind,
        repo_id=subject.repo_id,
        revision=subject.revision,
        manifest_sha256=manifest_sha256,
        use_case=use_case,
        stage=stage,
        ensure_audits=ensure_audits,
    )


def told(evaluation: GateEvaluation, *, at: dt.datetime) -> GateVerdict:
    """The last word on a question, or what there is to say now; whatever is said is kept."""
    final = evaluation.verdicts.exclude(verdict=PENDING).first()
    if final is not None:
        return final
    answer = current(evaluation)
    approval = answer.approval
    source = approval or answer.standing
    try:
        with transaction.atomic():
            row, _ = GateVerdict.objects.get_or_create(
                evaluation=evaluation,
                etag=answer.etag,
                defaults={
                    "told_at": at,
                    "verdict": answer.verdict,
                    "facts_sha256": source.facts_sha256 if source else "",
                    "approval": approval,
                    # Made where the answer is another than the last: who waits asks once a second.
                    "document": lambda: {"id": str(evaluation.public_id), **gate_document(answer)},
                },
            )
    except IntegrityError:  # somebody was given another last word in the same instant: there is one only
        return evaluation.verdicts.exclude(verdict=PENDING).get()
    return row


def current(evaluation: GateEvaluation) -> GateAnswer:
    """The answer of this moment to a question: the gate's, held against the manifest and the audits under way."""
    subject = Subject(evaluation.kind, evaluation.repo_id, evaluation.revision)
    answer = gate_answer(
        user=evaluation.asked_by, subject=subject, use_case=evaluation.use_case, stage=evaluation.stage
    )
    source = answer.approval or answer.standing
    if source is None:
        return answer
    if evaluation.manifest_sha256 and source.version.manifest_digest != evaluation.manifest_sha256:
        # Bytes that we have not all read are no more those that were approved than other bytes are.
        code = "manifest_mismatch" if source.version.manifest_digest else "manifest_unknown"
        return _otherwise(answer, verdict="deny", codes=(code,), next_steps=False)
    if answer.verdict == "deny" and answer.approval is not None and answer.approval.ended_at is None:
        return _renewed(answer, answer.approval)
    return answer


def _renewed(answer: GateAnswer, approval: Approval) -> GateAnswer:
    """An approval whose evidence has gone stale, while the audits that would renew it are under way, is pending."""
    lapsed = closing_conditions(approval, at=answer.asked_at)
    here = Q(use_case="") | Q(use_case=answer.use_case)
    running = set(
        Run.objects.for_subject(approval.version.digest).unfinished().filter(here).values_list("kind", flat=True)
    )
    if any(condition["code"] in ELSEWHERE for condition in lapsed):
        return answer  # no audit mends that
    if not lapsed or not {condition["kind"] for condition in lapsed} <= running:
        return answer
    codes = tuple(dict.fromkeys(f"{condition['id']}:{PENDING}" for condition in lapsed))
    return _otherwise(answer, verdict=PENDING, codes=codes, next_steps=True)


def _otherwise(answer: GateAnswer, *, verdict: str, codes: tuple[str, ...], next_steps: bool) -> GateAnswer:
    return dataclasses.replace(
        answer,
        verdict=verdict,
        reason_codes=codes,
        steps=answer.steps if next_steps else (),
        asked=answer.asked if next_steps else dataclasses.replace(answer.asked, ended=None),
        etag=hashlib.sha256(" ".join([answer.etag, verdict, *codes]).encode()).hexdigest(),
        next_change_at=answer.mode.until if answer.mode else None,
    )


def _start_audits(subject: Subject, *, use_case: str, stage: str, by: User, at: dt.datetime) -> None:
    """Ask for the audits that the policies want and that have no current run. What cannot be seen starts nothing."""
    there = _seen(subject, use_case, by)
    if there is None:
        return
    version, case = there
    if not evidence_queries.may_ask(by, use_case=case):
        why = f"you only read in {case}; ask without ensure_audits, or have a submitter's token ask"
        raise evidence.NotAnAsker("not_an_asker", why)
    hold_subject(version.digest)
    applied = policies.applicable(kind=version.entry.kind, tier=case.tier, stage=stage)
    kinds = policies.required_kinds(applied)
    if evidence.gather(version=version, use_case=case, kinds=kinds, by=by, at=at, again=True):
        audits_asked.send(sender=GateEvaluation, version=version, use_case=case, at=at)


def _seen(subject: Subject, use_case: str, user: User) -> tuple[Version, UseCase] | None:
    case = UseCase.objects.visible_to(user).filter(slug=use_case).first()
    ns, _slash, name = subject.repo_id.rpartition("/")
    version = catalogue.resolve(user=user, kind=subject.kind, ns=ns or "_", name=name, sha=subject.revision)
    return None if case is None or version is None else (version, case)
