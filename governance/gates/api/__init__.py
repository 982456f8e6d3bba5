"""REST: the gate, and what closes it by hand."""

from governance.gates.api.check import GateCheck
from governance.gates.api.evaluations import Evaluations, EvaluationView
from governance.gates.api.modes import Modes
from governance.gates.api.suspensions import Lift, Suspensions, SuspensionView

__all__ = ["EvaluationView", "Evaluations", "GateCheck", "Lift", "Modes", "SuspensionView", "Suspensions"]
