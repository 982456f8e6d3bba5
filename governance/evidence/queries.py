"""The runs that speak for a version in a use case, as they stand now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from audits.models import Run
from governance.catalog.models import UseCase, Version
from governance.evidence.at_hand import Asked, AtHand
from governance.evidence.baselines import BASELINE
from governance.evidence.inputs import Lacking, Wanted, wanted_of
from governance.people.models import Role, User
from governance.people.queries import standing, teams_seen_by

RENEWS = "renews"
# Auditors and viewers read; reviewers judge what others had measured.
ASKERS = (Role.SUBMITTER, Role.APPROVER, Role.RISK_OFFICER, Role.ADMIN)


@dataclass(frozen=True)
class Standing:
    """What there is of one kind of evidence.

    ``run`` is the newest run on the inputs that would be chosen today; ``outdated`` the newest on other inputs, when
    there is none on today's; ``lacking`` why none can be asked for.
    """

    kind: str
    run: Run | None = None
    outdated: Run | None = None
    lacking: str = ""


def standings(*, version: Version, use_case: UseCase, kinds: Iterable[str]) -> list[Standing]:
    """The evidence of each kind, by name. As many queries as ``standings_of`` makes for many."""
    (found,) = standings_of([Asked(version, use_case, frozenset(kinds))])
    return found


def standings_of(asked: Sequence[Asked]) -> list[list[Standing]]:
    """The evidence of each kind that is asked about, by name, for each that is asked. One query for the runs and at
    most sixteen for the inputs, however many are asked.
    """
    runs: dict[tuple[str, str, str], list[Run]] = {}
    kinds = {kind for one in asked for kind in one.kinds}
    if kinds:
        found = Run.objects.filter(
            subject_digest__in={one.version.digest for one in asked},
            kind__in=kinds,
            use_case__in={"", *(one.use_case.slug for one in asked)},
        )
        for run in found.newest_first():
            runs.setdefault((run.subject_digest, run.kind, run.use_case), []).append(run)
    at_hand = AtHand(asked)
    return [[_of_kind(kind, one, runs, at_hand) for kind in sorted(one.kinds)] for one in asked]


def _of_kind(kind: str, asked: Asked, runs: Mapping[tuple[str, str, str], list[Run]], at_hand: AtHand) -> Standing:
    of_any, of_this = (runs.get((asked.version.digest, kind, slug), []) for slug in ("", asked.use_case.slug))
    both = sorted([*of_any, *of_this], key=lambda run: (run.requested_at, run.pk), reverse=True)
    return _standing(kind, wanted_of(kind, asked, at_hand), both)


def _standing(kind: str, want: Wanted | Lacking, runs: list[Run]) -> Standing:
    if isinstance(want, Lacking):
        return Standing(kind, outdated=runs[0] if runs else None, lacking=want.code)
    current = [run for run in runs if want.inputs is None or _same(run, want)]
    if current:
        return Standing(kind, run=current[0])
    return Standing(kind, outdated=runs[0] if runs else None)


def _same(run: Run, want: Wanted) -> bool:
    # What a run renews, and which version it was compared with, says nothing of the evidence itself.
    return {name: value for name, value in run.inputs.items() if name not in (RENEWS, BASELINE)} == want.inputs


def runs_visible_to(user: User) -> QuerySet[Run]:
    """The runs on versions that a person sees; those that read a team's uploads or profile, for that team only."""
    seen = teams_seen_by(user)
    if seen is None:
        return Run.objects.all()
    others = Version.objects.exclude(entry__team=None).exclude(entry__team__in=seen)
    hidden = others.filter(digest=OuterRef("subject_digest"))
    mine = UseCase.objects.filter(owner_team__in=seen).values("slug")
    return Run.objects.filter(~Exists(hidden)).filter(Q(use_case="") | Q(use_case__in=mine))


def proposal_for(run: Run) -> Run | None:
    """The newest mitigation proposal on the plan and predictions of a bias run. One query."""
    same = Run.objects.for_subject(run.subject_digest).filter(
        kind="mitigation",
        use_case=run.use_case,
        inputs__plan_digest=run.inputs.get("plan_digest"),
        inputs__predictions__sha256=(run.inputs.get("predictions") or {}).get("sha256"),
    )
    return same.newest_first().first()


def may_ask(user: User, *, use_case: UseCase) -> bool:
    """Whether a person may have audits run in a use case, on what is attached: reviewers too, who then read them."""
    return _is_asker(user, use_case) or bool(standing(user).lanes(team_id=use_case.owner_team_id))


def _is_asker(user: User, use_case: UseCase) -> bool:
    held = standing(user)
    return any(held.has(role, team_id=use_case.owner_team_id) for role in ASKERS)


def may_cancel(user: User, *, run: Run) -> bool:
    """Whether a person may cancel a run: who asked for it, and the askers of its use case's team.

    One that reads a public card alone answers for every team, so beside who asked only the organisation's askers may.
    """
    held = standing(user)
    if run.requested_by_id == user.pk and user.is_active:
        return True
    if not run.use_case:
        return any((None, role.value, "") in held.roles for role in ASKERS)
    use_case = UseCase.objects.filter(slug=run.use_case).first()
    return use_case is not None and _is_asker(user, use_case)
