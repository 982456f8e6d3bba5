from django.dispatch import Signal

# Sent inside the transaction that stores the end of a run, whatever the end. Argument: run.
run_finished = Signal()
