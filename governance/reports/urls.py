from django.urls import path

from governance.reports.views import building, dossier, editions, forms, keeping

app_name = "reports"
urlpatterns = [
    path("reports/", editions.editions, name="editions"),
    path("reports/build/", building.ask, name="ask"),
    path("reports/builds/<uuid:public_id>/", building.build, name="build"),
    path("reports/schedules/", keeping.schedules, name="schedules"),
    path("reports/schedules/add/", keeping.add_schedule, name="schedule-add"),
    path("reports/schedules/<int:pk>/", keeping.change_schedule, name="schedule-change"),
    path("reports/time-zone/", keeping.set_time_zone, name="time-zone"),
    path("reports/subscriptions/", keeping.subscribe, name="subscribe"),
    path("reports/subscriptions/<int:pk>/end/", keeping.end_subscription, name="unsubscribe"),
    path("reports/<int:pk>/", editions.edition, name="edition"),
    path("catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/dossier/<slug:slug>/", dossier.page, name="dossier"),
    path(
        "catalogue/<str:kind>/<str:ns>/<str:name>/<str:sha>/dossier/<slug:slug>/dossier.json",
        dossier.as_json,
        name="dossier-json",
    ),
    path("reports/<int:pk>/compare/", editions.compare, name="compare"),
    path("reports/<int:pk>/forms/<str:form>/<str:language>/", forms.form, name="form"),
    path("reports/<int:pk>/forms/<str:form>/<str:language>/again/", forms.again, name="form-again"),
    path("reports/<int:pk>/document.json", editions.document, name="document"),
]
