from django.dispatch import Signal

# Sent in the transaction in which a pipeline has had audits started: version, use_case, at. Whoever keeps a judgement
# of that version judges it again.
audits_asked = Signal()

# Sent in the transaction in which an approval closes, or holds again, because of what its version was made from:
# approval, below (the approval that has ended; None where it holds again), holds, at.
upstream_changed = Signal()

# Sent in the transaction in which a worker has held an approval to a policy that has changed: approval, at.
held_to_policies = Signal()
