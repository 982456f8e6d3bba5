"""What must not run for now: entries and versions that somebody has suspended, and all that was made from them."""
