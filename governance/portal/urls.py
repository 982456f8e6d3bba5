"""The pages that join rooms. Those on entries and versions stand in the namespace ``catalog`` with the use cases."""

from django.urls import include, path

from governance.catalog import urls as catalog
from governance.portal.views import auditing, catalogue, inbox, licence, suspension, trying, use_case, version

portal = [
    path("", inbox.home, name="home"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.read, name="read"),
    path("suspensions/", suspension.suspensions, name="suspensions"),
    path("suspensions/<int:pk>/", suspension.suspension, name="suspension"),
    path("suspensions/<int:pk>/lift/", suspension.lift, name="suspension-lift"),
]
entries = [
    path("catalogue/", catalogue.entries, name="entries"),
    path("catalogue/import/", catalogue.import_entry, name="import"),
    path("catalogue/imports/<uuid:public_id>/", catalogue.import_request, name="import-request"),
    path("use-cases/<slug:slug>/", use_case.use_case, name="use-case"),
    path("use-cases/<slug:slug>/gate/", use_case.gate_mode, name="gate-mode"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/", version.entry, name="entry"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/suspend/", suspension.suspend, name="suspend"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/", version.version, name="version"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/audits/", auditing.listed, name="audits"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/fetch/", auditing.fetch, name="fetch"),
    path(
        "catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/audits/<slug:slug>/<slug:audit>/",
        auditing.audit,
        name="audit",
    ),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/try/", trying.panel, name="try"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/try/<int:pk>/keep/", trying.keep, name="try-keep"),
    path(
        "catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/try/<int:pk>/stress/",
        trying.keep_case,
        name="try-keep-case",
    ),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/licence/", licence.licence, name="licence"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/licence/notice.txt", licence.notice, name="notice"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/licence/override/", licence.override, name="override"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/licence/duties/", licence.attest, name="attest"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/licence/texts/", licence.read_text, name="text-read"),
    path("licence-texts/<int:pk>/end/", licence.read_text_end, name="text-read-end"),
    path("licence-overrides/<int:pk>/end/", licence.override_end, name="override-end"),
    path("licence-duties/<int:pk>/end/", licence.attest_end, name="attest-end"),
]
urlpatterns = [
    path("", include((portal, "portal"))),
    path("", include(([*catalog.urlpatterns, *entries], "catalog"))),
]
