"""Room: reviews."""
