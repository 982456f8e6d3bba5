"""Metrics of the operator's own: code in a folder that the operator named, never anything that was uploaded."""
