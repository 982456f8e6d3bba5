"""Room: gates."""
