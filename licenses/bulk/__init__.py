"""Verdicts with findings and chains for every work of a graph, the same as ``compat.check`` gives one by one."""

from licenses.bulk.cells import Found, Template
from licenses.bulk.graph import Graph
from licenses.bulk.judging import Judge, Verdict

__all__ = ["Found", "Graph", "Judge", "Template", "Verdict"]
