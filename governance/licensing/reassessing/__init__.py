"""Judging licences again after a change. A reassessment is a row; a message only wakes a worker.

Two things come of it. For every use case that an affected version was ever judged for there is a new run, as a worker
would have stored it, and in the same transaction the rooms above hold it against their approvals and submissions. And
the newest version of every affected entry gets its ``Standing`` under the default profile.

Everything is stored in pieces that each are whole, and what is there already is not stored again: a worker that is
killed in the middle leaves nothing half done, and the next one goes on where it ended.
"""

from governance.licensing.reassessing.pieces import IN_ONE, Done, reassess
from governance.licensing.reassessing.queue import ATTEMPTS, carry_out, failed, retry, sweep

__all__ = ["ATTEMPTS", "IN_ONE", "Done", "carry_out", "failed", "reassess", "retry", "sweep"]
