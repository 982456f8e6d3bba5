"""The REST interface, /api/v1/. Each room's lines stand together."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from governance.catalog import api as catalog
from governance.evidence import api as evidence
from governance.gates import api as gates
from governance.licensing import api as licensing
from governance.policies import api as policies
from governance.policies.waivers import api as waivers
from governance.reports import api as reports
from governance.reports.public import api as public_summaries
from governance.reviews import api as reviews
from governance.web.schema import schema

urlpatterns: list[URLPattern | URLResolver] = [
    # gates; the question that is asked most comes first, as addresses are tried in this order
    re_path(
        r"^gate/(?P<kind>[a-z]+)/(?P<ns>[^/@]+)/(?P<name>[^/@]+)@(?P<sha>.*)$",
        gates.GateCheck.as_view(),
        name="gate",
    ),
    path("gate/evaluations/", gates.Evaluations.as_view(), name="gate-evaluations"),
    path("gate/evaluations/<uuid:public_id>/", gates.EvaluationView.as_view(), name="gate-evaluation"),
    path("use-cases/<slug:slug>/gate-modes/", gates.Modes.as_view(), name="gate-modes"),
    path("suspensions/", gates.Suspensions.as_view(), name="suspensions"),
    path("suspensions/<int:pk>/", gates.SuspensionView.as_view(), name="suspension"),
    path("suspensions/<int:pk>/lift/", gates.Lift.as_view(), name="suspension-lift"),
    path("schema/", schema, name="schema"),
    # catalog
    path("entries/", catalog.Entries.as_view(), name="entries"),
    path("entries/import/", catalog.Imports.as_view(), name="entry-imports"),
    path("entries/imports/<uuid:public_id>/", catalog.ImportView.as_view(), name="entry-import"),
    path("entries/<str:kind>/<str:ns>/<str:name>/", catalog.EntryView.as_view(), name="entry"),
    path("entries/<str:kind>/<str:ns>/<str:name>/versions/", catalog.Versions.as_view(), name="entry-versions"),
    path(
        "entries/<str:kind>/<str:ns>/<str:name>/versions/<str:sha>/fetch/",
        catalog.FetchView.as_view(),
        name="entry-version-fetch",
    ),
    path(
        "entries/<str:kind>/<str:ns>/<str:name>/versions/<str:sha>/",
        catalog.VersionView.as_view(),
        name="entry-version",
    ),
    path("entries/<str:kind>/<str:ns>/<str:name>/lineage/", catalog.LineageView.as_view(), name="entry-lineage"),
    path("entries/<str:kind>/<str:ns>/<str:name>/diff/", catalog.DifferenceView.as_view(), name="entry-diff"),
    path("use-cases/", catalog.UseCases.as_view(), name="use-cases"),
    path("use-cases/<slug:slug>/", catalog.UseCaseView.as_view(), name="use-case"),
    path("use-cases/<slug:slug>/audit-plan/", catalog.AuditPlanView.as_view(), name="audit-plan"),
    path("use-cases/<slug:slug>/decision-records/", evidence.DecisionRecords.as_view(), name="decision-records"),
    path("use-cases/<slug:slug>/tier-proposals/", catalog.TierProposals.as_view(), name="tier-proposals"),
    path(
        "use-cases/<slug:slug>/tier-proposals/<int:pk>/accept/",
        catalog.TierDecision.as_view(step="accept"),
        name="tier-accept",
    ),
    path(
        "use-cases/<slug:slug>/tier-proposals/<int:pk>/refuse/",
        catalog.TierDecision.as_view(step="refuse"),
        name="tier-refuse",
    ),
    path(
        "use-cases/<slug:slug>/public-summaries/", public_summaries.PublicSummaries.as_view(), name="public-summaries"
    ),
    path("teams/", catalog.Teams.as_view(), name="teams"),
    # reviews
    path("submissions/", reviews.Submissions.as_view(), name="submissions"),
    path("submissions/<int:pk>/", reviews.SubmissionView.as_view(), name="submission"),
    path("submissions/<int:pk>/submit/", reviews.SubmitDraft.as_view(), name="submission-submit"),
    path("submissions/<int:pk>/votes/", reviews.Votes.as_view(), name="submission-votes"),
    path("submissions/<int:pk>/comments/", reviews.Comments.as_view(), name="submission-comments"),
    path("submissions/<int:pk>/claims/", reviews.Claims.as_view(), name="submission-claims"),
    path("submissions/<int:pk>/claims/release/", reviews.Release.as_view(), name="submission-claims-release"),
    path("submissions/<int:pk>/evidence/", reviews.Evidence.as_view(), name="submission-evidence"),
    path("submissions/<int:pk>/pilot-reports/", reviews.PilotReports.as_view(), name="submission-pilot-reports"),
    path("submissions/<int:pk>/audits/", reviews.Audits.as_view(), name="submission-audits"),
    path("submissions/<int:pk>/approve/", reviews.Approve.as_view(), name="submission-approve"),
    path("submissions/<int:pk>/reject/", reviews.Reject.as_view(), name="submission-reject"),
    path("submissions/<int:pk>/return/", reviews.ReturnForChanges.as_view(), name="submission-return"),
    path("submissions/<int:pk>/withdraw/", reviews.Withdraw.as_view(), name="submission-withdraw"),
    path("submissions/<int:pk>/resubmit/", reviews.Resubmit.as_view(), name="submission-resubmit"),
    path("submissions/<int:pk>/overrides/", reviews.Propose.as_view(), name="submission-overrides"),
    path("overrides/", reviews.Overrides.as_view(), name="overrides"),
    path("overrides/<int:pk>/", reviews.OverrideView.as_view(), name="override"),
    path("overrides/<int:pk>/confirm/", reviews.ConfirmOverride.as_view(), name="override-confirm"),
    path("overrides/<int:pk>/reject/", reviews.RejectOverride.as_view(), name="override-reject"),
    path("overrides/<int:pk>/revoke/", reviews.RevokeOverride.as_view(), name="override-revoke"),
    path("triggers/", reviews.Triggers.as_view(), name="triggers"),
    path("triggers/<int:pk>/", reviews.TriggerView.as_view(), name="trigger"),
    path("triggers/<int:pk>/close/", reviews.Close.as_view(), name="trigger-close"),
    # evidence
    path("uploads/", evidence.Uploads.as_view(), name="uploads"),
    path("uploads/<uuid:public_id>/", evidence.UploadView.as_view(), name="upload"),
    path("runs/", evidence.Runs.as_view(), name="runs"),
    path("runs/<int:pk>/", evidence.RunView.as_view(), name="run"),
    path("runs/<int:pk>/findings/", evidence.RunFindings.as_view(), name="run-findings"),
    path("runs/<int:pk>/result/", evidence.RunResult.as_view(), name="run-result"),
    path("runs/<int:pk>/cases/", evidence.RunCases.as_view(), name="run-cases"),
    path("runs/<int:pk>/cancel/", evidence.RunCancel.as_view(), name="run-cancel"),
    path("trials/", evidence.Trials.as_view(), name="trials"),
    path("trials/<int:pk>/stress-case/", evidence.TrialStressCase.as_view(), name="trial-stress-case"),
    path("trials/<int:pk>/keep/", evidence.TrialKeep.as_view(), name="trial-keep"),
    # policies
    path("policies/", policies.Policies.as_view(), name="policies"),
    path("policies/<slug:name>/", policies.PolicyVersions.as_view(), name="policy"),
    path("policies/<slug:name>/publish/", policies.Publish.as_view(), name="policy-publish"),
    path("policies/<slug:name>/dry-run/", policies.DryRun.as_view(), name="policy-dry-run"),
    path("policies/<slug:name>/back-tests/", policies.BackTests.as_view(), name="policy-back-tests"),
    path("back-tests/<int:pk>/", policies.BackTestView.as_view(), name="back-test"),
    path("back-tests/<int:pk>/flips/", policies.BackTestFlips.as_view(), name="back-test-flips"),
    path("policies/<slug:name>/retire/", policies.Retire.as_view(), name="policy-retire"),
    path("waivers/", waivers.Waivers.as_view(), name="waivers"),
    path("waivers/<int:pk>/", waivers.WaiverView.as_view(), name="waiver"),
    path("waivers/<int:pk>/approve/", waivers.Approve.as_view(), name="waiver-approve"),
    path("waivers/<int:pk>/reject/", waivers.Reject.as_view(), name="waiver-reject"),
    path("waivers/<int:pk>/revoke/", waivers.Revoke.as_view(), name="waiver-revoke"),
    # licensing
    path("licenses/", licensing.Licences.as_view(), name="licences"),
    path("licenses/check/", licensing.LicenceCheck.as_view(), name="licence-check"),
    path("licenses/<str:licence>/", licensing.LicenceView.as_view(), name="licence"),
    # reports
    path("reports/", reports.Reports.as_view(), name="reports"),
    path("reports/builds/<uuid:public_id>/", reports.BuildView.as_view(), name="report-build"),
    path("reports/<int:pk>/", reports.ReportView.as_view(), name="report"),
    path("reports/<int:pk>/forms/<str:form>/", reports.FormView.as_view(), name="report-form"),
    path(
        "entries/<str:kind>/<str:ns>/<str:name>/versions/<str:sha>/dossier/<slug:slug>/",
        reports.DossierView.as_view(),
        name="dossier",
    ),
    path(
        "entries/<str:kind>/<str:ns>/<str:name>/versions/<str:sha>/dossier/<slug:slug>/html/",
        reports.DossierPage.as_view(),
        name="dossier-page",
    ),
    path("reports/<int:pk>/differences/", reports.DifferencesView.as_view(), name="report-differences"),
]
