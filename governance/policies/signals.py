from django.dispatch import Signal

# Sent inside the transaction that accepts, rejects or revokes a waiver. Arguments: waiver (with its version and use
# case), at.
waivers_changed = Signal()

# Sent in the transaction that has noted something to be judged again. Arguments: rejudging.
rejudging_noted = Signal()
