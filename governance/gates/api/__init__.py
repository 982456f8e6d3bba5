"""REST: the gate, and what closes it by hand."""

from governance.gates.api.check import GateCheck
from governance.gates.api.suspensions import Lift, Suspensions, SuspensionView

__all__ = ["GateCheck", "Lift", "SuspensionView", "Suspensions"]
