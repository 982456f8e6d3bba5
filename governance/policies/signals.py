from django.dispatch import Signal

# Sent inside the transaction that publishes or retires a policy. Arguments: at; where one was published its version
# and the back-test that was looked at before, else the name of the retired one.
policies_changed = Signal()

# Sent inside the transaction that accepts, rejects or revokes a waiver. Arguments: waiver (with its version and use
# case), at.
waivers_changed = Signal()

# Sent in the transaction that has noted something to be judged again. Arguments: rejudging.
rejudging_noted = Signal()
