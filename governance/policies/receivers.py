"""What a fresh installation needs of this room."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.dispatch import receiver

from governance.people.models import User
from governance.people.signals import set_up


@receiver(set_up, dispatch_uid="policies.publish_defaults")
def publish_defaults(*, by: User, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction of the set-up: without a policy no submission can be judged."""
    from governance.policies import services  # loads every audit: not at each start of a command

    services.publish_defaults(by=by, at=at)
