from django.urls import path

from governance.licensing.views import table

app_name = "licensing"
urlpatterns = [
    path("licenses/", table.licences, name="licences"),
    path("licenses/<str:licence>/", table.licence, name="licence"),
    path("licenses/<str:licence>/corrections/", table.correct, name="correct"),
    path("licenses/<str:licence>/corrections/<int:pk>/end/", table.correction_end, name="correction-end"),
    path("licenses/<str:licence>/notes/", table.annotate, name="annotate"),
]
