"""REST: editions of reports and their forms, and the dossier of a version."""

from governance.reports.api.dossiers import DossierPage, DossierView
from governance.reports.api.editions import BuildView, DifferencesView, Reports, ReportView
from governance.reports.api.forms import FormView

__all__ = ["BuildView", "DifferencesView", "DossierPage", "DossierView", "FormView", "ReportView", "Reports"]
