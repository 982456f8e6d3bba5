from django.apps import AppConfig


class GatesConfig(AppConfig):
    name = "governance.gates"
    label = "gates"

    def ready(self) -> None:
        from governance.evidence.baselines import find_approved_with
        from governance.gates import receivers  # noqa: F401  (listens to finished runs)
        from governance.gates.queries import approved_before

        find_approved_with(approved_before)
