"""The pages that join rooms. Those on entries and versions stand in the namespace ``catalog`` with the use cases."""

from django.urls import include, path

from governance.catalog import urls as catalog
from governance.portal.views import catalogue, inbox, use_case, version

portal = [
    path("", inbox.home, name="home"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.read, name="read"),
]
entries = [
    path("catalogue/", catalogue.entries, name="entries"),
    path("catalogue/import/", catalogue.import_entry, name="import"),
    path("catalogue/imports/<uuid:public_id>/", catalogue.import_request, name="import-request"),
    path("use-cases/<slug:slug>/", use_case.use_case, name="use-case"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/", version.entry, name="entry"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/", version.version, name="version"),
]
urlpatterns = [
    path("", include((portal, "portal"))),
    path("", include(([*catalog.urlpatterns, *entries], "catalog"))),
]
