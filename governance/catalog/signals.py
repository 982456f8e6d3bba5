from django.dispatch import Signal

# Sent inside the transaction that changes what a use case asks for: its tier, licence profile or audit plan.
# Arguments: use_case, at.
use_case_changed = Signal()
