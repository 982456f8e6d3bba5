from django.apps import AppConfig


class LicensingConfig(AppConfig):
    name = "governance.licensing"
    label = "licensing"

    def ready(self) -> None:
        from governance.licensing import receivers  # noqa: F401  (listens to imports)
