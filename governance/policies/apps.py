from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "governance.policies"
    label = "policies"

    def ready(self) -> None:
        from governance.policies import receivers  # noqa: F401  (listens to the first start)
