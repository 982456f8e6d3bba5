"""Section 6: what nobody measured, and what the report cannot tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from audits.models import Run, RunState
from governance.evidence.showing import kind_name
from governance.reports.sections.asked import ReportScope, title_of
from governance.reports.sections.gaps import Gaps
from governance.reports.shapes import LANGUAGES, NotCheckedItem, Subject, Words
from governance.web.templatetags.words import look_up

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

SENTENCES: Mapping[str, _StrPromise] = {
    "not_collected.signals": _("Signals from production and drift of the data there are not collected."),
    "not_collected.complaints": _("Complaints of the people affected and incidents are not collected."),
    "not_collected.cost": _("What a version costs to own and its use of energy are not measured."),
    "never_audited": _("%(n)s of %(of)s versions in the inventory were never audited beyond their card and licence."),
    "no_card": _("The version has no card: intended use, limitations and data are not described."),
    "bytes_not_read": _("The version’s bytes were not read by a worker (%(assurance)s): the files are not checked."),
    "audit_not_finished": _("The audit %(kind)s, run %(run)s, measured nothing: it ended as %(state)s."),
    "verdict_open": _("The audit %(kind)s, run %(run)s, could not decide: %(verdict)s."),
    "declared": _("The audit %(kind)s, run %(run)s, rests on a file that a person uploaded; nobody watched it made."),
    "result_erased": _("The figures of audit %(kind)s, run %(run)s, were erased since; its verdict is what is left."),
    "result_altered": _("The figures of audit %(kind)s, run %(run)s, are not those that were stored and are left out."),
    "result_too_large": _("The figures of audit %(kind)s, run %(run)s, are too many for a report; see the run."),
    "requirement_without_audit": _(
        "%(title)s (%(requirement)s of policy %(policy)s) was decided without an audit of kind %(kind)s: %(code)s."
    ),
}
GENERAL = ("not_collected.complaints", "not_collected.cost", "not_collected.signals")
# Audits that an import makes by itself.
OF_AN_IMPORT = ("card", "license")


def items(asked: ReportScope, gaps: Gaps) -> Iterator[tuple[str, NotCheckedItem]]:
    """What was not checked: of everything first, then by decision, then by version. Two queries."""
    for code in GENERAL:
        yield _item(code, place="")
    yield from _never_audited(asked)
    for gap in gaps.rows:
        yield _item(gap.code, place=gap.place, subject=gap.subject, use_case=gap.use_case, **gap.params)


def _never_audited(asked: ReportScope) -> Iterator[tuple[str, NotCheckedItem]]:
    audited = Run.objects.filter(
        subject_digest=OuterRef("digest"), state=RunState.SUCCEEDED, finished_at__lt=asked.as_of
    ).exclude(kind__in=OF_AN_IMPORT)
    total = asked.versions().count()
    never = asked.versions().filter(~Exists(audited)).count()
    if never:
        yield _item("never_audited", place="", n=never, of=total)


def _item(
    code: str, *, place: str, subject: Subject | None = None, use_case: str | None = None, **params: Any
) -> tuple[str, NotCheckedItem]:
    title = code if subject is None else f"{code}: {title_of(subject)}"
    return title, {
        "key": f"{code}:{place}",
        "code": code,
        "subject": subject,
        "use_case": use_case,
        "params": params,
        "words": in_words(SENTENCES[code], params),
    }


def _named(params: Mapping[str, Any]) -> dict[str, str]:
    """Kinds, states and verdicts as people call them, in the language in force."""
    told = {"kind": kind_name(str(params["kind"]))} if "kind" in params else {}
    families = {"state": "run", "verdict": "", "assurance": "assurance", "code": "requirement"}
    shown = {key: str(look_up(params[key], family).label) for key, family in families.items() if key in params}
    return told | {key: label[:1].lower() + label[1:] for key, label in shown.items()}


def in_words(sentence: _StrPromise, params: Mapping[str, Any]) -> Words:
    """A sentence in every language."""
    said = []
    for language in LANGUAGES:
        with translation.override(language):
            said.append(str(sentence) % {**params, **_named(params)})
    return {"en": said[0], "ru": said[1]}
