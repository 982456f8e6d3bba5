from django.dispatch import Signal

# Sent inside the transaction that changes what licences say of some versions: an import, a correction, the end of a
# statement. Until they are judged again nothing may rest on their licences. Arguments: affected (lazily knows the
# versions), at.
licences_changed = Signal()

# Sent inside the transaction that stores new verdicts. Arguments: digests (of versions, sorted), at.
licences_judged = Signal()
