from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "governance.reviews"
    label = "reviews"

    def ready(self) -> None:
        from governance.policies import portfolio, rejudging
        from governance.reviews import receivers  # noqa: F401  (listens to finished runs)
        from governance.reviews.judging_again import OfSubmissions
        from governance.reviews.portfolio import Submissions

        portfolio.register(Submissions())
        rejudging.register(OfSubmissions())
