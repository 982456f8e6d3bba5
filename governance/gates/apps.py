from django.apps import AppConfig


class GatesConfig(AppConfig):
    name = "governance.gates"
    label = "gates"

    def ready(self) -> None:
        from governance.evidence.baselines import find_approved_with
        from governance.gates import receivers  # noqa: F401  (listens to finished runs)
        from governance.gates.portfolio import Approvals
        from governance.gates.queries import approved_before
        from governance.policies.portfolio import register

        find_approved_with(approved_before)
        register(Approvals())
