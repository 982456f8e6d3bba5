"""Room: people."""
