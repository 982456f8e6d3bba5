from django.apps import AppConfig


class GatesConfig(AppConfig):
    name = "governance.gates"
    label = "gates"

    def ready(self) -> None:
        from governance.evidence.baselines import find_approved_with
        from governance.gates import receivers  # noqa: F401  (listens to finished runs)
        from governance.gates.judging_again import OfApprovals
        from governance.gates.portfolio import Approvals
        from governance.gates.queries import approved_before
        from governance.policies import portfolio, rejudging

        find_approved_with(approved_before)
        portfolio.register(Approvals())
        rejudging.register(OfApprovals())
