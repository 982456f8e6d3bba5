from django.urls import path

from governance.reports import views

app_name = "reports"
urlpatterns = [
    path("reports/", views.editions, name="editions"),
    path("reports/<int:pk>/", views.edition, name="edition"),
    path("reports/<int:pk>/document.json", views.document, name="document"),
]
