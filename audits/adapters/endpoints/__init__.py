"""Models that are services elsewhere: asked over HTTP from the worker. Plain Python; nothing is imported from here.

``guard`` says which address may be reached, ``asking`` sends one request there, ``protocols`` are the languages that
services speak, ``spending`` keeps within what it may cost, ``service`` is the adapter.
"""
