"""Audits of models whose answers are numbers: predictions of a quantity, and rankings."""
