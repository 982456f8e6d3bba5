from django.urls import path

from governance.reviews.views import (
    deciding,
    discussion,
    drafts,
    evidence,
    overrides,
    pilot,
    submissions,
    submitting,
    triggers,
)

app_name = "reviews"
urlpatterns = [
    path("submissions/", submissions.submissions, name="submissions"),
    path("submissions/new/<str:digest>/", submitting.submit, name="submit"),
    path("submissions/<int:pk>/", submissions.submission, name="submission"),
    path("submissions/<int:pk>/draft/", drafts.draft, name="draft"),
    path("submissions/<int:pk>/draft/discard/", drafts.discard, name="draft-discard"),
    path("submissions/<int:pk>/vote/", deciding.vote, name="vote"),
    path("submissions/<int:pk>/approve/", deciding.decide, {"step": "approve"}, name="approve"),
    path("submissions/<int:pk>/return/", deciding.decide, {"step": "return"}, name="return"),
    path("submissions/<int:pk>/reject/", deciding.decide, {"step": "reject"}, name="reject"),
    path("submissions/<int:pk>/withdraw/", deciding.decide, {"step": "withdraw"}, name="withdraw"),
    path("submissions/<int:pk>/resubmit/", deciding.decide, {"step": "resubmit"}, name="resubmit"),
    path("submissions/<int:pk>/audits/", evidence.audit_again, name="audit-again"),
    path("submissions/<int:pk>/pilot/", pilot.pilot, name="pilot"),
    path("submissions/<int:pk>/evidence/", evidence.attach, name="attach"),
    path("submissions/<int:pk>/comment/", discussion.comment, name="comment"),
    path("submissions/<int:pk>/claim/", discussion.claim, name="claim"),
    path("submissions/<int:pk>/release/", discussion.release, name="release"),
    path("submissions/<int:pk>/override/", overrides.propose, name="override-propose"),
    path("overrides/", overrides.overrides, name="overrides"),
    path("overrides/<int:pk>/", overrides.override, name="override"),
    path("overrides/<int:pk>/confirm/", overrides.answer, {"step": "confirm"}, name="override-confirm"),
    path("overrides/<int:pk>/reject/", overrides.answer, {"step": "reject"}, name="override-reject"),
    path("overrides/<int:pk>/revoke/", overrides.answer, {"step": "revoke"}, name="override-revoke"),
    path("triggers/<int:pk>/close/", triggers.close, name="trigger-close"),
]
