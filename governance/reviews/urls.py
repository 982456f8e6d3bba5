from django.urls import path

from governance.reviews import pilot_views, views

app_name = "reviews"
urlpatterns = [
    path("submissions/", views.submissions, name="submissions"),
    path("submissions/new/<str:digest>/", views.submit, name="submit"),
    path("submissions/<int:pk>/", views.submission, name="submission"),
    path("submissions/<int:pk>/vote/", views.vote, name="vote"),
    path("submissions/<int:pk>/approve/", views.decide, {"step": "approve"}, name="approve"),
    path("submissions/<int:pk>/return/", views.decide, {"step": "return"}, name="return"),
    path("submissions/<int:pk>/reject/", views.decide, {"step": "reject"}, name="reject"),
    path("submissions/<int:pk>/withdraw/", views.decide, {"step": "withdraw"}, name="withdraw"),
    path("submissions/<int:pk>/resubmit/", views.decide, {"step": "resubmit"}, name="resubmit"),
    path("submissions/<int:pk>/audits/", views.audit_again, name="audit-again"),
    path("submissions/<int:pk>/pilot/", pilot_views.pilot, name="pilot"),
    path("submissions/<int:pk>/evidence/", views.attach, name="attach"),
]
