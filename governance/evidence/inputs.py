"""What each kind of audit is to be run on, for one version in one use case.

A run is current evidence only while its inputs are those that would be chosen today: a changed audit plan, a newer
upload, an upstream that has changed its licence make it stale without anybody's having to mark it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audits.measures.counterfactual.plan import counterfactual_plan_from
from audits.measures.suites.plan import suite_plan_from
from audits.models import Origin
from governance.catalog.models import AuditPlan, UseCase, Version
from governance.evidence.models import Attachment
from governance.licensing.inputs import license_inputs


@dataclass(frozen=True)
class Wanted:
    """The inputs of a run that would be current, and where they come from.

    ``inputs`` None means that any run on the version's digest is current: the digest covers all it reads.
    """

    inputs: Mapping[str, Any] | None
    origin: Origin


@dataclass(frozen=True)
class Lacking:
    """Why an audit cannot be asked for yet: a code, worded when shown."""

    code: str


def wanted(*, kind: str, version: Version, use_case: UseCase) -> Wanted | Lacking:
    """What a run of ``kind`` would read today."""
    choose = _CHOICES.get(kind)
    return choose(version, use_case) if choose else Lacking("kind_without_inputs")


def _card(_version: Version, _use_case: UseCase) -> Wanted | Lacking:
    return Wanted(inputs=None, origin=Origin.OBSERVED)


def _license(version: Version, use_case: UseCase) -> Wanted | Lacking:
    return Wanted(inputs=license_inputs(version=version, use_case=use_case), origin=Origin.OBSERVED)


def columns_wanted(use_case: UseCase, *, role: str = Attachment.Role.PREDICTIONS) -> list[str]:
    """The columns that a table of a role needs by the newest audit plan, each once.

    Predictions need what the parts bias and ll144 name, and nothing where there is no plan. Texts and suites need
    the usual columns, as far as their part of the plan names no others. One query.
    """
    plan = _plan(use_case)
    document = plan.document if plan is not None else {}
    if role == Attachment.Role.TEXTS:
        texts = counterfactual_plan_from(document.get("counterfactual", {}))
        named = [texts.text_id, texts.identity, texts.role, texts.prediction, texts.score]
    elif role == Attachment.Role.SUITE:
        suite = suite_plan_from(document.get("suite", {}))
        named = [suite.functionality, suite.case_id, suite.text, suite.label, suite.prediction, suite.score]
    elif role in (Attachment.Role.DATA, Attachment.Role.REFERENCE):
        named = []  # every column is looked at
    else:
        bias, ll144 = document.get("bias", {}), document.get("ll144", {})
        named = [bias.get(key) for key in ("label", "prediction", "score")]
        named += [*bias.get("sensitive", []), bias.get("weights"), bias.get("cluster")]
        named += [*bias.get("features", []), *bias.get("legitimate", [])]
        named += [ll144.get(key) for key in ("sex", "race", "selected", "score", "group")]
    return list(dict.fromkeys(name for name in named if isinstance(name, str) and name))


def _plan(use_case: UseCase) -> AuditPlan | None:
    return AuditPlan.objects.filter(use_case=use_case).order_by("-number").first()


def _of_upload(
    version: Version,
    use_case: UseCase,
    *,
    part: str,
    role: Attachment.Role,
    needs_plan: bool = False,
    lacking: str = "predictions_missing",
) -> Wanted | Lacking:
    """The newest upload of a role, with one part of the audit plan beside it."""
    plan = _plan(use_case)
    planned = plan is not None and part in plan.document
    if needs_plan and not planned:
        return Lacking("audit_plan_missing")
    upload = _newest(version, use_case, role)
    if upload is None:
        return Lacking(lacking)
    inputs: dict[str, Any] = {role.value: upload, "origin": Origin.DECLARED.value}
    if plan is not None and planned:
        inputs |= {"plan": plan.document[part], "plan_digest": plan.sha256}
    return Wanted(inputs=inputs, origin=Origin.DECLARED)


def _newest(version: Version, use_case: UseCase, role: Attachment.Role) -> dict[str, str] | None:
    """The newest upload attached in a role, as runs read it. One query."""
    newest = (
        Attachment.objects.filter(version=version, use_case=use_case, role=role)
        .select_related("upload__blob")
        .order_by("-attached_at", "-pk")
        .first()
    )
    if newest is None:
        return None
    blob = newest.upload.blob
    return {"sha256": blob.sha256, "filename": newest.upload.filename, "media_type": blob.media_type}


def _bias(version: Version, use_case: UseCase) -> Wanted | Lacking:
    return _of_upload(version, use_case, part="bias", role=Attachment.Role.PREDICTIONS, needs_plan=True)


def _ll144(version: Version, use_case: UseCase) -> Wanted | Lacking:
    return _of_upload(version, use_case, part="ll144", role=Attachment.Role.PREDICTIONS, needs_plan=True)


def _counterfactual(version: Version, use_case: UseCase) -> Wanted | Lacking:
    return _of_upload(version, use_case, part="counterfactual", role=Attachment.Role.TEXTS)


def _suite(version: Version, use_case: UseCase) -> Wanted | Lacking:
    return _of_upload(version, use_case, part="suite", role=Attachment.Role.SUITE)


def _data(version: Version, use_case: UseCase) -> Wanted | Lacking:
    # What the columns mean may be left open: then only what needs no meaning is looked at.
    wanted = _of_upload(version, use_case, part="data", role=Attachment.Role.DATA, lacking="data_missing")
    if isinstance(wanted, Wanted) and version.entry.kind == "dataset" and version.card is not None:
        return replace(wanted, inputs={**(wanted.inputs or {}), "card_sha256": version.card.sha256})
    return wanted


def _drift(version: Version, use_case: UseCase) -> Wanted | Lacking:
    current = _newest(version, use_case, Attachment.Role.DATA)
    if current is None:
        return Lacking("data_missing")
    reference = _newest(version, use_case, Attachment.Role.REFERENCE)
    if reference is None:
        return Lacking("reference_missing")
    return Wanted(
        inputs={"reference": reference, "current": current, "origin": Origin.DECLARED.value}, origin=Origin.DECLARED
    )


def _mitigation(version: Version, use_case: UseCase) -> Wanted | Lacking:
    """What the bias audit reads; a proposal learns from the features besides."""
    want = _bias(version, use_case)
    if isinstance(want, Lacking) or want.inputs is None or want.inputs["plan"].get("features"):
        return want
    return Lacking("features_missing")


def _metrics(version: Version, use_case: UseCase) -> Wanted | Lacking:
    """What the bias audit reads, for the metrics that the plan names."""
    want = _bias(version, use_case)
    if isinstance(want, Lacking) or want.inputs is None or want.inputs["plan"].get("metrics"):
        return want
    return Lacking("metrics_missing")


_CHOICES: dict[str, Callable[[Version, UseCase], Wanted | Lacking]] = {
    "card": _card,
    "license": _license,
    "bias": _bias,
    "data": _data,
    "drift": _drift,
    "ll144": _ll144,
    "counterfactual": _counterfactual,
    "suite": _suite,
    "mitigation": _mitigation,
    "metrics": _metrics,
}
