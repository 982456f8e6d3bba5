"""Room: notifications."""
