"""Drift: how far the rows of today are from those that were looked at, told apart from sampling noise."""
