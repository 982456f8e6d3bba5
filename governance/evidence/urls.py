from django.urls import path

from governance.evidence import decision_views, stress_views, views

app_name = "evidence"
urlpatterns = [
    path("runs/", views.runs, name="runs"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/ll144.html", views.ll144_html, name="ll144-html"),
    path("runs/<int:pk>/ll144.csv", views.ll144_csv, name="ll144-csv"),
    path("runs/<int:pk>/cases.csv", stress_views.cases, {"form": "csv"}, name="cases-csv"),
    path("runs/<int:pk>/cases.jsonl", stress_views.cases, {"form": "jsonl"}, name="cases-jsonl"),
    path("runs/<int:pk>/keep/", stress_views.keep, name="keep-case"),
    path("stress-cases/<int:pk>/drop/", stress_views.drop, name="drop-case"),
    path("runs/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("runs/<int:pk>/again/", views.again, name="again"),
    path("use-cases/<slug:slug>/decisions/", decision_views.decision_records, name="decision-records"),
    path("runs/<int:pk>/mitigation/", views.propose, name="propose"),
]
