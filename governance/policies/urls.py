from django.urls import path

from governance.policies import views
from governance.policies.waivers import views as waivers

app_name = "policies"
urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("policies/publish/", views.publish, name="publish"),
    path("policies/previews/<int:pk>/", views.preview, name="preview"),
    path("policies/previews/<int:pk>/publish/", views.publish_previewed, name="publish-previewed"),
    path("policies/previews/<int:pk>/retire/", views.retire_previewed, name="retire-previewed"),
    path("policies/<slug:name>/retire/", views.retire, name="retire"),
    path("policies/<slug:name>/", views.policy, name="policy"),
    path("policies/<slug:name>/<int:number>/", views.version, name="version"),
    path("waivers/", waivers.waivers, name="waivers"),
    path("waivers/new/", waivers.ask, name="waiver-ask"),
    path("waivers/<int:pk>/", waivers.waiver, name="waiver"),
    path("waivers/<int:pk>/approve/", waivers.answer, {"step": "approve"}, name="waiver-approve"),
    path("waivers/<int:pk>/reject/", waivers.answer, {"step": "reject"}, name="waiver-reject"),
    path("waivers/<int:pk>/revoke/", waivers.answer, {"step": "revoke"}, name="waiver-revoke"),
]
