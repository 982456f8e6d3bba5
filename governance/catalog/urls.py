"""Use cases. The portal adds the pages that join rooms to the same namespace, ``catalog``."""

from django.urls import path

from governance.catalog import views

urlpatterns = [
    path("use-cases/", views.use_case_list, name="use-cases"),
    path("use-cases/new/", views.use_case_new, name="use-case-new"),
    path("use-cases/<slug:slug>/edit/", views.use_case_edit, name="use-case-edit"),
    path("use-cases/<slug:slug>/audit-plan/", views.audit_plan, name="audit-plan"),
    path("use-cases/<slug:slug>/tier/", views.tier_propose, name="tier-propose"),
    path("use-cases/<slug:slug>/tier/<int:pk>/", views.tier_decide, name="tier-decide"),
]
