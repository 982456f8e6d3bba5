"""What an override that is confirmed or revoked means for approvals in force."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from governance.gates import rechecking, services
from governance.gates.models import Approval
from governance.policies import overriding
from governance.policies.models import AdminOverride


@transaction.atomic
def recheck_override(*, override: AdminOverride, at: dt.datetime) -> None:
    """Hold the approvals of an override's scope against the overrides there are now. The caller holds the subject.

    One that was revoked closes what rests on it; one that was confirmed opens what had lapsed of what it is for. None
    is ended: nothing was found that was not known.
    """
    approvals = (
        Approval.objects.filter(version=override.version_id, use_case=override.use_case_id, stage=override.stage)
        .in_force(at=at)
        .select_for_update(of=("self",))
        .select_related("version__entry", "version__card", "use_case")
    )
    meant = {(one["policy"], one["requirement"]) for one in override.items if one["what"] == "requirement"}
    for approval in approvals.order_by("pk"):
        evaluation = rechecking.judged_again(approval, at=at)
        concerned = [r for r in evaluation.requirements if (r.policy, r.id) in meant and r.decides]
        resting = {(c["policy"], c["id"]) for c in approval.conditions if c.get("override") == override.pk}
        conditions = services.conditions_after(approval.conditions, concerned, at=at)
        if override.revoked_at is not None:
            conditions = [
                _override_revoked(c, override, at=at) if (c["policy"], c["id"]) in resting else c for c in conditions
            ]
        services.keep_conditions(approval, conditions)


def _override_revoked(condition: dict[str, Any], override: AdminOverride, *, at: dt.datetime) -> dict[str, Any]:
    """A condition that rested on an override which was taken back, unless the requirement holds otherwise by now."""
    if condition.get("override") != override.pk and dt.datetime.fromisoformat(condition["holds_until"]) > at:
        return condition
    kept = {name: value for name, value in condition.items() if name != "override"}
    return {**kept, "holds_until": at.isoformat(), "code": overriding.REVOKED}
