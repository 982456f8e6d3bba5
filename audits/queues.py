"""The broker's queues: which messages a worker takes from where, so that what is urgent waits for nothing long."""

from __future__ import annotations

# A person or a pipeline waits for it, or a gate is closed until it is done.
WAITED_FOR = "ci"
# What may take the night.
SCHEDULED = "scheduled"
# Finding lost work and delivering messages, which must wait for neither.
UPKEEP = "upkeep"

ALL = (WAITED_FOR, SCHEDULED, UPKEEP)
