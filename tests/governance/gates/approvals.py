"""Approvals whose evidence has an age."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from governance.catalog.models import Stage
from governance.gates.models import Approval
from tests.governance.world import World

DAY = dt.timedelta(days=1)


def in_production(world: World, *, days_ago: float) -> Approval:
    """An approval whose audits and decision are so many days old."""
    world.ask_for_bias_alone(at=world.at - days_ago * DAY)
    world.at, world.stage = timezone.now() - days_ago * DAY, Stage.PRODUCTION
    return world.approved()
