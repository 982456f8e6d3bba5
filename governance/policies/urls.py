from django.urls import path

from governance.policies import views

app_name = "policies"
urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("policies/publish/", views.publish, name="publish"),
    path("policies/previews/<int:pk>/", views.preview, name="preview"),
    path("policies/previews/<int:pk>/publish/", views.publish_previewed, name="publish-previewed"),
    path("policies/<slug:name>/", views.policy, name="policy"),
    path("policies/<slug:name>/<int:number>/", views.version, name="version"),
]
