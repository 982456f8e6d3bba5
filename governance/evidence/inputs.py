"""What each kind of audit is to be run on, for one version in one use case.

A run is current evidence only while its inputs are those that would be chosen today: a changed audit plan, a newer
upload, an upstream that has changed its licence make it stale without anybody's having to mark it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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


def columns_wanted(use_case: UseCase) -> list[str]:
    """The columns that a table of predictions needs by the newest audit plan, each once; none where there is no plan.

    One query.
    """
    plan = _bias_plan(use_case)
    bias = plan.document["bias"] if plan is not None else {}
    named = [bias.get(key) for key in ("label", "prediction", "score", "weights")]
    named[3:3] = bias.get("sensitive", [])
    named += [*bias.get("features", []), *bias.get("legitimate", [])]
    return list(dict.fromkeys(name for name in named if isinstance(name, str) and name))


def _bias_plan(use_case: UseCase) -> AuditPlan | None:
    plan = AuditPlan.objects.filter(use_case=use_case).order_by("-number").first()
    return plan if plan is not None and "bias" in plan.document else None


def _bias(version: Version, use_case: UseCase) -> Wanted | Lacking:
    plan = _bias_plan(use_case)
    if plan is None:
        return Lacking("audit_plan_missing")
    newest = (
        Attachment.objects.filter(version=version, use_case=use_case, role=Attachment.Role.PREDICTIONS)
        .select_related("upload__blob")
        .order_by("-attached_at", "-pk")
        .first()
    )
    if newest is None:
        return Lacking("predictions_missing")
    upload = newest.upload
    return Wanted(
        inputs={
            "plan": plan.document["bias"],
            "plan_digest": plan.sha256,
            "predictions": {
                "sha256": upload.blob.sha256,
                "filename": upload.filename,
                "media_type": upload.blob.media_type,
            },
            "origin": Origin.DECLARED.value,
        },
        origin=Origin.DECLARED,
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
    "mitigation": _mitigation,
    "metrics": _metrics,
}
