"""Stress audits: what is done to inputs, and what a model's answers to them say. Plain arrays; no model is called here.

``corpus``, ``choosing`` and ``families`` change texts; ``flips`` counts what the answers did; ``texts`` judges a whole
grid of families and severities; ``plan`` is the part ``stress`` of an audit plan.
"""
