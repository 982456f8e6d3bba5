from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "governance.reviews"
    label = "reviews"

    def ready(self) -> None:
        from governance.policies.portfolio import register
        from governance.reviews import receivers  # noqa: F401  (listens to finished runs)
        from governance.reviews.portfolio import Submissions

        register(Submissions())
