"""What a fresh installation needs of this room, and whom it wakes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from governance.people.models import User
from governance.people.signals import set_up
from governance.policies.signals import rejudging_noted


@receiver(set_up, dispatch_uid="policies.publish_defaults")
def publish_defaults(*, by: User, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction of the set-up: without a policy no submission can be judged."""
    from governance.policies import services  # loads every audit: not at each start of a command

    services.publish_defaults(by=by, at=at)


@receiver(rejudging_noted, dispatch_uid="policies.wake_for_rejudging")
def wake_for_rejudging(**_newer: Any) -> None:
    """Once what has to be judged again is written down: the worker reads it from there."""
    from governance.policies import tasks  # loads every audit

    transaction.on_commit(tasks.wake_rejudging)
