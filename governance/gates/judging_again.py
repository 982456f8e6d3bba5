"""Approvals after what they rest on was approved, or is approved no longer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from audits.locks import hold_subject
from governance.gates import services, upstream
from governance.gates.models import Approval
from governance.gates.signals import upstream_changed
from governance.policies import queries
from governance.policies.conditions import FAILS, UPSTREAM_ENDED
from governance.policies.models import Rejudging
from governance.policies.rejudging import Scope
from governance.policies.upstream import asked_for


class OfApprovals:
    """Approvals as what has to be judged again."""

    def outdate(self, scopes: Sequence[Scope], *, since: dt.datetime) -> int:
        """An approval keeps to the policies that it was granted under: see ``portfolio``."""
        return 0

    def to_judge(self, rejudging: Rejudging) -> list[int]:
        """Those that rest on what is approved now, or no longer; none where policies changed."""
        if rejudging.entry_id is None or rejudging.use_case_id is None:
            return []
        resting = upstream.resting_on(entry=rejudging.entry_id, use_case=rejudging.use_case_id, stage=rejudging.stage)
        return upstream.waiting(resting)

    @transaction.atomic
    def judge(self, number: int, *, rejudging: Rejudging, at: dt.datetime) -> None:
        """Hold an approval against what is approved now of what it was made from. None is ended: it can hold again."""
        hold_subject(Approval.objects.values_list("version__digest", flat=True).get(pk=number))
        held = Approval.objects.in_force(at=at).select_for_update(of=("self",))
        approval = held.select_related("version__entry", "version__card", "use_case").filter(pk=number).first()
        if approval is None:
            return
        asking = asked_for()
        pinned = queries.pinned([one["sha256"] for one in approval.policies])
        wanted = {(one.name, id_) for one in pinned for id_ in asking.get(one.sha256, ())}
        evaluation = services.judged_again(approval, pinned, at=at)
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
