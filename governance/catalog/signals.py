from django.dispatch import Signal

# Sent inside the transaction that changes what a use case asks for: its tier, licence profile or audit plan.
# Arguments: use_case, at.
use_case_changed = Signal()

# Sent inside the transaction that writes new versions. Arguments: newest (entry id -> (its newest version before or
# None, its newest version now)), at.
versions_stored = Signal()

# Sent inside the transaction that writes licence texts of versions that are there already. Arguments: entries, at.
texts_stored = Signal()

# Sent inside the transaction that suspends something or lifts a suspension; whoever sends it holds every subject.
# Arguments: suspension, at.
suspended = Signal()
suspension_lifted = Signal()

# Sent inside the transaction that ends a fetch of a version's files from the Hub. Arguments: version, at.
files_fetched = Signal()
