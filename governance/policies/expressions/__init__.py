"""Conditions in CEL, the Common Expression Language, held against a facts document.

An expression is typed: every fact is declared in ``VARIABLES``, and the result has to be true or false. What could
make it costly is refused when it is read (``checking``): length, nested comprehensions, ``map`` and joined texts or
lists, which would double what they hold at every step. What is left ends by the engine's own budget of iterations.
"""

from governance.policies.expressions.checking import MAX_LENGTH, MAX_NESTING, check
from governance.policies.expressions.engine import PROGRAMS_KEPT, VARIABLES, programs
from governance.policies.expressions.evaluating import TIMED, Known, Outcome, Said
from governance.policies.expressions.reading import (
    SECTIONS_OF_KINDS,
    UPSTREAM,
    ExpressionRefused,
    atoms,
    audits_in,
    names_in,
)

__all__ = [
    "MAX_LENGTH",
    "MAX_NESTING",
    "PROGRAMS_KEPT",
    "SECTIONS_OF_KINDS",
    "TIMED",
    "UPSTREAM",
    "VARIABLES",
    "ExpressionRefused",
    "Known",
    "Outcome",
    "Said",
    "atoms",
    "audits_in",
    "check",
    "names_in",
    "programs",
]
