"""Approvals after policies have changed, or what they rest on was approved, or is approved no longer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from audits.locks import hold_subject, try_hold_subjects
from governance.gates import portfolio, rechecking, services, upstream
from governance.gates.models import Approval
from governance.gates.signals import held_to_policies, upstream_changed
from governance.policies import rejudging as rejudging_of
from governance.policies.conditions import FAILS, UPSTREAM_ENDED
from governance.policies.models import Policy, Rejudging
from governance.policies.rejudging import Change
from governance.policies.upstream import asked_for


class OfApprovals:
    """Approvals as what has to be judged again."""

    def outdate(self, change: Change, *, at: dt.datetime) -> int:
        """An approval keeps to the policies that it was granted under for the days of grace of the new one."""
        return portfolio.close_at(change, at=at)

    def to_judge(self, rejudging: Rejudging) -> list[int]:
        """Where a policy changed, all that it speaks about, first those at which nobody has looked yet. Else those that
        rest on what is approved now, or no longer.
        """
        if rejudging.policy is not None:
            unknown = Approval.objects.filter(ended_at=None, conditions__contains=[{"code": portfolio.TO_BE_JUDGED}])
            first = list(unknown.order_by("pk").values_list("pk", flat=True))
            concerned = portfolio.concerned_by(rejudging_of.scopes_of(rejudging.policy)).exclude(pk__in=first)
            return [*first, *concerned.order_by("pk").values_list("pk", flat=True)]
        if rejudging.entry_id is None or rejudging.use_case_id is None:
            return []
        resting = upstream.resting_on(entry=rejudging.entry_id, use_case=rejudging.use_case_id, stage=rejudging.stage)
        return upstream.waiting(resting)

    @transaction.atomic
    def judge(self, number: int, *, rejudging: Rejudging, at: dt.datetime) -> None:
        """Hold an approval against the policies of now, or what is approved now of what it was made from.

        None is ended: it can hold again.
        """
        hold_subject(Approval.objects.values_list("version__digest", flat=True).get(pk=number))
        self._judge([number], rejudging, at=at)

    @transaction.atomic
    def judge_together(self, numbers: Sequence[int], *, rejudging: Rejudging, at: dt.datetime) -> list[int]:
        """The same for those of several whose subjects nobody else holds."""
        digests = dict(Approval.objects.filter(pk__in=numbers).values_list("pk", "version__digest"))
        free = try_hold_subjects(digests.values())
        mine = [number for number in numbers if digests.get(number) in free]
        self._judge(mine, rejudging, at=at)
        return mine

    def _judge(self, numbers: Sequence[int], rejudging: Rejudging, *, at: dt.datetime) -> None:
        held = Approval.objects.in_force(at=at).filter(pk__in=numbers).select_for_update(of=("self",))
        approvals = list(held.select_related("version__entry", "version__card", "use_case").order_by("pk"))
        if rejudging.policy is not None:
            self._hold_to_policies(approvals, rejudging.policy, at=at)
        else:
            self._hold_to_upstream(approvals, at=at)

    @staticmethod
    def _hold_to_policies(approvals: Sequence[Approval], policy: Policy, *, at: dt.datetime) -> None:
        """To the one that changed, and to every other at which nobody has looked yet."""
        to_look_at = {
            approval.pk: {one["policy"] for one in approval.conditions if one["code"] == portfolio.TO_BE_JUDGED}
            | {policy.name}
            for approval in approvals
        }
        names = {name for named in to_look_at.values() for name in named}
        for changed in Policy.objects.filter(name__in=names).order_by("name"):
            concerned = [one for one in approvals if changed.name in to_look_at[one.pk]]
            after = portfolio.hold_to(concerned, changed, at=at)
            for approval in concerned:
                services.keep_conditions(approval, after[approval.pk])
        for approval in approvals:
            held_to_policies.send(sender=Approval, approval=approval, at=at)

    @staticmethod
    def _hold_to_upstream(approvals: Sequence[Approval], *, at: dt.datetime) -> None:
        asking = asked_for()
        for approval, pinned, evaluation in rechecking.all_judged_again(approvals, at=at):
            wanted = {(one.name, id_) for one in pinned for id_ in asking.get(one.sha256, ())}
            asked = [one for one in evaluation.requirements if (one.policy, one.id) in wanted and one.decides]
            before = {(one["policy"], one["id"]) for one in approval.conditions if one["code"] == UPSTREAM_ENDED}
            holds = all(one.status in services.HOLDING for one in asked)
            # What has closed already stays as it is.
            concerned = [one for one in asked if one.status in services.HOLDING or (one.policy, one.id) not in before]
            after = services.conditions_after(approval.conditions, concerned, at=at)
            services.keep_conditions(
                approval, [one | {"code": UPSTREAM_ENDED} if one["code"] == FAILS else one for one in after]
            )
            if holds and before:
                upstream_changed.send(sender=Approval, approval=approval, below=None, holds=True, at=at)
