from django.dispatch import Signal

# Sent inside the transaction that publishes or retires a policy. Argument: at.
policies_changed = Signal()

# Sent inside the transaction that accepts, rejects or revokes a waiver. Arguments: waiver (with its version and use
# case), at.
waivers_changed = Signal()
