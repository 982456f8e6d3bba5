"""All addresses of the product."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    # Programs ask a hundred times where a person looks once, and addresses are tried in this order.
    path("api/v1/", include("config.api_urls")),
    path("", include("governance.web.urls")),
    path("", include("governance.people.urls")),
    path("", include("governance.portal.urls")),
    path("", include("governance.reviews.urls")),
    path("", include("governance.evidence.urls")),
    path("", include("governance.policies.urls")),
    path("", include("governance.licensing.urls")),
    path("", include("governance.reports.public.urls")),
    path("", include("governance.reports.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
handler400 = "governance.web.views.bad_request"
handler403 = "governance.web.views.forbidden"
handler404 = "governance.web.views.not_found"
handler500 = "governance.web.views.crashed"
