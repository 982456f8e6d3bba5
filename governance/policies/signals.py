from django.dispatch import Signal

# Sent inside the transaction that publishes or retires a policy. Argument: at.
policies_changed = Signal()
