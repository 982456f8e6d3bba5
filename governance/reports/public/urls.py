"""Addresses of public summaries. What is published stays at its address, so these never change."""

from django.urls import path

from governance.reports.public import views

app_name = "reports-public"
urlpatterns = [
    path("public/ll144/<uuid:public_id>/", views.public_summary, name="summary"),
    path("public/ll144/<uuid:public_id>/<str:language>/", views.public_summary, name="summary-in"),
    path("use-cases/<slug:slug>/ll144/", views.published, name="published"),
    path("use-cases/<slug:slug>/ll144/publish/", views.publish, name="publish"),
]
