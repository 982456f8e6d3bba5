from django.urls import path

from governance.policies import views

app_name = "policies"
urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("policies/publish/", views.publish, name="publish"),
    path("policies/<slug:name>/", views.policy, name="policy"),
    path("policies/<slug:name>/<int:number>/", views.version, name="version"),
]
