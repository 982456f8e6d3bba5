from django.dispatch import Signal

# Sent in the transaction in which a pipeline has had audits started: version, use_case, at. Whoever keeps a judgement
# of that version judges it again.
audits_asked = Signal()
