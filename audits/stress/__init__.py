"""Stress: a model is asked about inputs as they are and about changed ones. What the answers say is in ``measures``.

Works without Django: a command and an audit kind both call ``running.stress``. Imports nothing here.
"""
