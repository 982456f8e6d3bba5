"""A version whose bias audit fails, and the ways of waiving that."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.people.models import User
from governance.policies.models import Waiver
from governance.policies.waivers import services
from governance.reviews.models import Submission
from tests.governance.world import World, predictions

DAY = dt.timedelta(days=1)
POLICY, REQUIREMENT = "high-pilot", "bias.audited"
REASON = "The groups differ because the region has few applicants of group b."
CONTROL = "A person looks at every refusal until the next audit."


def failing(world: World) -> Submission:
    """A submission of which the bias audit fails, and everything else holds and has its votes."""
    submission = world.submit()
    world.attach(submission, predictions(fair=False))
    world.run_audits()
    for lane in ("domain", "ethics"):
        world.vote(submission, getattr(world, lane), lane)
    submission.refresh_from_db()
    return submission


def proposed(world: World, **fields: Any) -> Waiver:
    """A waiver that its submitter asks for, for thirty days from this world's moment."""
    asked: dict[str, Any] = {
        "version": world.version,
        "use_case": world.use_case,
        "stage": world.stage,
        "policy": POLICY,
        "requirement": REQUIREMENT,
        "reason": REASON,
        "compensating_control": CONTROL,
        "expires_at": world.at + 30 * DAY,
        "by": world.submitter,
        "at": world.at,
    }
    return services.propose(**(asked | fields))


def accepted(world: World, waiver: Waiver | None = None, *, by: User | None = None, **fields: Any) -> Waiver:
    """A waiver in force."""
    waiver = waiver or proposed(world, **fields)
    return services.approve(waiver_id=waiver.pk, by=by or world.risk_officer, at=world.at)


def revoked(world: World, waiver: Waiver, *, at: dt.datetime | None = None) -> Waiver:
    return services.revoke(
        waiver_id=waiver.pk, reason="The control was never put in place.", by=world.risk_officer, at=at or world.at
    )
