"""What other rooms can listen to."""

from __future__ import annotations

from django.dispatch import Signal

# Inside the transaction that sets the organisation up: by (the administrator), at. What a fresh installation needs
# beyond people is made by who listens; being told again, they add what is missing.
set_up = Signal()

# Inside the transaction that gives or takes a role, or switches an account on or off. Arguments: user, at.
roles_changed = Signal()
