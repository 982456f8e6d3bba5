"""REST: uploads, runs, how use cases make their models; trying a model."""

from governance.evidence.api.runs import (
    DecisionRecords,
    RunCancel,
    RunCases,
    RunFindings,
    RunResult,
    Runs,
    RunView,
    Uploads,
    UploadView,
)
from governance.evidence.api.trials import TrialKeep, Trials, TrialStressCase

__all__ = [
    "DecisionRecords",
    "RunCancel",
    "RunCases",
    "RunFindings",
    "RunResult",
    "RunView",
    "Runs",
    "TrialKeep",
    "TrialStressCase",
    "Trials",
    "UploadView",
    "Uploads",
]
