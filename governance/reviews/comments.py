"""What people say to a submission. Everybody who works on it may; nothing that was said is ever changed."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from audits.models import Finding
from governance.evidence.queries import runs_visible_to
from governance.ledger.refusals import remembered
from governance.people.models import Role, User
from governance.people.queries import standing_now
from governance.reviews.errors import NotAcceptable, NotAllowed
from governance.reviews.models import LONGEST_COMMENT, Comment, Decision, Submission
from governance.reviews.rules import record, tell

# Viewers and auditors read.
SPEAKERS = (Role.SUBMITTER, Role.REVIEWER, Role.APPROVER, Role.RISK_OFFICER, Role.ADMIN)
About = Comment.About


def may_comment(user: User, *, submission: Submission) -> bool:
    """Whether the person holds a role of those who work on it, in its team or in the organisation. One query."""
    team = submission.use_case.owner_team_id
    roles = standing_now(user).roles
    return any(of in (team, None) and role in SPEAKERS for of, role, _lane in roles)


@remembered("comment.write")
@transaction.atomic
def write(
    *,
    submission_id: int,
    by: User,
    text: str,
    about: str = About.SUBMISSION,
    finding: str = "",
    line: int | None = None,
    decision_id: int | None = None,
    at: dt.datetime,
) -> Comment:
    """Say something to a submission, or to a finding, a line of the card or a decision of it. Also after its end.

    The submission's edition stays: who is about to decide need not look again for it. Told are its submitter and
    those who spoke before.

    Raises:
        NotAllowed: the person only reads here.
        NotAcceptable: no text, too long a one, or it is about something that the submission does not have.
    """
    found = Submission.objects.select_related("version__entry", "version__card", "use_case", "submitted_by")
    submission = found.get(pk=submission_id)
    if not may_comment(by, submission=submission):
        raise NotAllowed("not_a_speaker", "viewers and auditors read; who works on a submission comments on it")
    said = plain(text)
    if about not in About.values:
        raise NotAcceptable("unknown_target", f"a comment is about one of {', '.join(About.values)}")
    place: dict[str, object] = {}
    if about == About.FINDING:
        place["finding"] = _finding(submission, finding, by)
    elif about == About.CARD_LINE:
        place["line"] = _line(submission, line)
    elif about == About.DECISION:
        place["decision"] = _decision(submission, decision_id)
    before = Comment.objects.filter(submission=submission).order_by().values_list("author", flat=True)
    told = User.objects.filter(pk__in=[submission.submitted_by_id, *before], is_active=True).exclude(pk=by.pk)
    comment = Comment.objects.create(submission=submission, about=about, text=said, author=by, written_at=at, **place)
    record(submission, verb="comment.written", by=by, at=at, about=str(about))
    tell(submission, topic="comment.written", to=list(told.distinct()), at=at)
    return comment


def plain(text: str) -> str:
    """A comment's text: line feeds between lines, no blanks around, nothing that a terminal or page would obey.

    Raises:
        NotAcceptable: it is empty or too long, or has control characters.
    """
    said = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not said:
        raise NotAcceptable("comment_empty", "write what you want to say")
    if len(said) > LONGEST_COMMENT:
        raise NotAcceptable("comment_too_long", f"a comment has at most {LONGEST_COMMENT:,} characters")
    if any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 or "\ud800" <= c <= "\udfff" for c in said):
        raise NotAcceptable("control_characters", "a comment is plain text; leave the control characters out")
    return said


def _finding(submission: Submission, fingerprint: str, by: User) -> str:
    runs = runs_visible_to(by).filter(subject_digest=submission.version.digest)
    if not fingerprint or not Finding.objects.filter(run__in=runs, fingerprint=fingerprint).exists():
        raise NotAcceptable("finding_not_found", "no run of this version has a finding of this fingerprint")
    return fingerprint


def _line(submission: Submission, line: int | None) -> int:
    count = len(card_lines(submission))
    if line is None or not 1 <= line <= count:
        raise NotAcceptable("line_not_found", f"the card of this version has lines 1 to {count}; name one of them")
    return line


def _decision(submission: Submission, decision_id: int | None) -> Decision:
    decision = submission.decisions.filter(pk=decision_id).first() if decision_id is not None else None
    if decision is None:
        raise NotAcceptable("decision_not_found", "the submission has no such decision")
    return decision


def card_lines(submission: Submission) -> list[str]:
    """The lines of the version's card as its findings count them, from 1; none where there is no card."""
    card = submission.version.card
    return bytes(card.raw).decode("utf-8", "replace").split("\n") if card is not None else []
