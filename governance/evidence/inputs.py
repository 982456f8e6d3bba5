"""What each kind of audit is to be run on, for one version in one use case.

A run is current evidence only while its inputs are those that would be chosen today: a changed audit plan, a newer
upload, an upstream that has changed its licence make it stale without anybody's having to mark it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from audits.measures.counterfactual.plan import counterfactual_plan_from
from audits.measures.suites.plan import suite_plan_from
from audits.models import Blob, Origin
from governance.catalog.models import AuditPlan, SubjectKind, UseCase, Version
from governance.evidence.at_hand import MOST_FILES, MOST_UPLOADS, Asked, AtHand
from governance.evidence.models import Attachment


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


@dataclass(frozen=True)
class Reads:
    """What an audit of uploads reads.

    ``uploads`` says by the name of an input in which role its table is attached. ``part`` of the audit plan goes with
    them where there is one; ``plan_needed`` where nothing can be measured without, ``key`` is what it has to name.
    """

    uploads: Mapping[str, Attachment.Role]
    part: str = ""
    plan_needed: bool = False
    key: str = ""


_PREDICTIONS = {"predictions": Attachment.Role.PREDICTIONS}
UPLOADED: Mapping[str, Reads] = {
    "bias": Reads(_PREDICTIONS, part="bias", plan_needed=True),
    "ll144": Reads(_PREDICTIONS, part="ll144", plan_needed=True),
    "counterfactual": Reads({"texts": Attachment.Role.TEXTS}, part="counterfactual"),
    "suite": Reads({"suite": Attachment.Role.SUITE}, part="suite"),
    # What the columns mean may be left open: then only what needs no meaning is looked at.
    "data": Reads({"data": Attachment.Role.DATA}, part="data"),
    # Without a plan the columns are compared and nothing is said of decisions.
    "drift": Reads({"current": Attachment.Role.DATA, "reference": Attachment.Role.REFERENCE}, part="drift"),
    # What the bias audit reads; a proposal learns from the features besides.
    "mitigation": Reads(_PREDICTIONS, part="bias", plan_needed=True, key="features"),
    "metrics": Reads(_PREDICTIONS, part="bias", plan_needed=True, key="metrics"),
    "files": Reads({"files": Attachment.Role.FILES}),
    "stress": Reads({"inputs": Attachment.Role.STRESS, "files": Attachment.Role.FILES}, part="stress"),
}
_LACKING = {
    Attachment.Role.DATA: "data_missing",
    Attachment.Role.REFERENCE: "reference_missing",
    Attachment.Role.STRESS: "stress_inputs_missing",
}
# Files that a worker can call, or that belong to one: by how their names end.
CALLABLE = (".onnx", ".skops", ".safetensors")


def wanted(*, kind: str, version: Version, use_case: UseCase) -> Wanted | Lacking:
    """What a run of ``kind`` would read today."""
    asked = Asked(version, use_case, frozenset([kind]))
    return wanted_of(kind, asked, AtHand([asked]))


def wanted_of(kind: str, asked: Asked, at_hand: AtHand) -> Wanted | Lacking:
    """What a run of ``kind`` would read of what there is; no query but those of ``at_hand``."""
    version, use_case = asked.version, asked.use_case
    if kind == "card":
        return Wanted(inputs=None, origin=Origin.OBSERVED)
    if kind == "license":
        return Wanted(inputs=at_hand.licences(version, use_case), origin=Origin.OBSERVED)
    if kind == "files":
        return _of_files(version, use_case, at_hand)
    if kind == "stress":
        return _of_stress(version, use_case, at_hand)
    if kind not in UPLOADED:
        return Lacking("kind_without_inputs")
    found = _of_uploads(UPLOADED[kind], version, use_case, at_hand)
    if isinstance(found, Lacking):
        return found
    if kind == "data" and version.entry.kind == SubjectKind.DATASET:
        if version.card is not None:
            found["card_sha256"] = version.card.sha256
        # its own description of its files, where the bytes are at hand
        croissant = _model_bytes(version, use_case, at_hand).files.get("croissant.json")
        found |= {"croissant_sha256": croissant} if croissant else {}
    return Wanted(inputs=found, origin=Origin.DECLARED)


def _of_uploads(reads: Reads, version: Version, use_case: UseCase, at_hand: AtHand) -> dict[str, Any] | Lacking:
    """The newest upload of each role, with one part of the audit plan beside them."""
    plan = at_hand.plan(use_case) if reads.part else None
    planned = plan.document.get(reads.part) if plan is not None else None
    if reads.plan_needed and planned is None:
        return Lacking("audit_plan_missing")
    inputs: dict[str, Any] = {"origin": Origin.DECLARED.value}
    for name, role in reads.uploads.items():
        uploads = at_hand.attached(version, use_case, role)
        if not uploads:
            return Lacking(_LACKING.get(role, "predictions_missing"))
        upload = uploads[0]
        inputs[name] = {"sha256": upload.sha256, "filename": upload.filename, "media_type": upload.media_type}
    if reads.key and not (planned or {}).get(reads.key):
        return Lacking(f"{reads.key}_missing")
    if plan is not None and planned is not None:
        inputs |= {"plan": planned, "plan_digest": plan.sha256}
    return inputs


def _of_files(version: Version, use_case: UseCase, at_hand: AtHand) -> Wanted | Lacking:
    """The bytes that there are of a version: fetched or otherwise stored under its manifest's digests, or uploaded; and
    the manifest, whose signatures count, what the Hub's own scanners say, and which others are to be asked.

    What was read of a version whose manifest has digests is compared with them, so it is observed; of a version that
    is known by its card alone, whoever uploaded the files says that they are its.
    """
    manifest = at_hand.manifest(version)
    attached = at_hand.attached(version, use_case, Attachment.Role.FILES)[:MOST_UPLOADS]
    uploads = {one.sha256: one.filename for one in attached}
    files = [{"path": one["path"], "sha256": one["sha256"]} for one in manifest if at_hand.is_stored(one["sha256"])]
    there = {one["sha256"] for one in files}
    files += [{"filename": name, "sha256": sha256} for sha256, name in sorted(uploads.items()) if sha256 not in there]
    fetched = not uploads and len(there) < len(manifest) and at_hand.is_fetched(version)
    if not files or not (uploads or fetched or len(there) == len(manifest)):
        return Lacking("files_missing")
    by_card = version.assurance == "card-only" or not manifest
    inputs: dict[str, Any] = {
        "files": files,
        "manifest": [] if by_card else list(manifest[:MOST_FILES]),
        "manifest_is_cut": len(manifest) > MOST_FILES,
        "signers": list(settings.MODEL_SIGNERS),
    }
    if settings.SCANNERS:
        inputs["scanners"] = sorted(settings.SCANNERS)
    hub_scan = at_hand.hub_scan(version)
    if hub_scan is not None:
        inputs["hub_scan"] = {"asked_at": hub_scan.asked_at.isoformat(), "files": hub_scan.files}
    return Wanted(inputs=inputs, origin=Origin.DECLARED if by_card else Origin.OBSERVED)


def _of_stress(version: Version, use_case: UseCase, at_hand: AtHand) -> Wanted | Lacking:
    """The model's files that are at hand, the table of inputs, the plan, and the permanent tests.

    Our worker runs the model, so what it says is observed. Of a file that no digest of the version names, somebody says
    that it is the version's, and the result says so; where the version's digests are all known it is not taken at all.
    """
    reads = Reads({"inputs": Attachment.Role.STRESS}, part="stress")
    found = _of_uploads(reads, version, use_case, at_hand)
    if isinstance(found, Lacking):
        return found
    there = _model_bytes(version, use_case, at_hand)
    reference = str((found.get("plan") or {}).get("model") or "")
    if reference.partition(":")[0] == "answers":
        # nothing of the model is run: what the table says that it answered is what somebody brought
        kept = at_hand.kept_cases(version.entry_id, use_case)
        return Wanted(inputs={**found, "files": [], "declared_files": [], "kept_cases": kept}, origin=Origin.DECLARED)
    by_address = reference.startswith("http:")
    if not by_address and not any(path.endswith(CALLABLE) for path in there.files):
        return Lacking(there.lacking)
    origin = Origin.ENDPOINT if by_address else Origin.OBSERVED
    found["files"] = there.as_inputs()
    found["declared_files"] = sorted(there.declared)
    found["origin"] = origin.value
    found["kept_cases"] = at_hand.kept_cases(version.entry_id, use_case)
    return Wanted(inputs=found, origin=origin)


def needs_no_model(use_case: UseCase) -> bool:
    """Whether the audit plan has a service asked, or a table of answers read, instead of the version's files. One
    query."""
    plan = plan_of(use_case)
    stress = plan.document.get("stress", {}) if plan is not None else {}
    return str(stress.get("model") or "").partition(":")[0] in ("answers", "http")


@dataclass(frozen=True)
class ModelBytes:
    """The bytes of a version that are at hand, for whoever runs its model.

    Attributes:
        files: SHA-256 by path.
        declared: those of them that no digest of the version names: somebody says that they are its.
        lacking: why there is none that can be called, where there is none.
    """

    files: Mapping[str, str]
    declared: frozenset[str]
    lacking: str

    def as_inputs(self) -> list[dict[str, str]]:
        """As runs store them."""
        return [{"path": path, "sha256": sha256} for path, sha256 in sorted(self.files.items())]


def model_bytes(version: Version, use_case: UseCase) -> ModelBytes:
    """What is stored under the version's digests or attached. Where the version's digests are all known, an attached
    file that none of them names is not the version's. Three queries."""
    return _model_bytes(version, use_case, AtHand([Asked(version, use_case, frozenset(["stress"]))]))


def _model_bytes(version: Version, use_case: UseCase, at_hand: AtHand) -> ModelBytes:
    manifest = [(one["path"], one["sha256"]) for one in at_hand.manifest(version)[:MOST_FILES]]
    uploads: dict[str, str] = {}
    for one in at_hand.attached(version, use_case, Attachment.Role.FILES)[:MOST_UPLOADS]:
        uploads.setdefault(one.filename, one.sha256)
    files = {path: sha256 for path, sha256 in manifest if at_hand.is_stored(sha256)}
    known = {sha256: path for path, sha256 in manifest if sha256}
    files |= {known[sha256]: sha256 for sha256 in uploads.values() if sha256 in known}
    all_known = bool(manifest) and all(sha256 for _path, sha256 in manifest)
    others = {name: sha256 for name, sha256 in uploads.items() if sha256 not in known}
    declared = {} if all_known else {name: sha256 for name, sha256 in others.items() if name not in files}
    files |= declared
    return ModelBytes(files, frozenset(declared), "model_not_of_version" if others and all_known else "model_missing")


def has_callable(version: Version) -> bool:
    """Whether the bytes of a file that a worker can call are stored for a version. One query."""
    stored = Blob.objects.filter(erased_at=None).values("sha256")
    names = [name for name in version.files.filter(sha256__in=stored).values_list("path", flat=True)[:MOST_FILES]]
    return any(name.endswith(CALLABLE) for name in names)


def newest(version: Version, use_case: UseCase, role: Attachment.Role) -> Attachment | None:
    """What was attached last in a role, which is what counts. One query."""
    attached = Attachment.objects.filter(version=version, use_case=use_case, role=role)
    return attached.select_related("upload__blob", "attached_by").order_by("-attached_at", "-pk").first()


def plan_of(use_case: UseCase) -> AuditPlan | None:
    """The audit plan that is in force. One query."""
    return AuditPlan.objects.filter(use_case=use_case).order_by("-number").first()


def columns_wanted(use_case: UseCase, *, role: str = Attachment.Role.PREDICTIONS) -> list[str]:
    """The columns that a table of a role needs by the newest audit plan, each once.

    Predictions need what the parts bias and ll144 name, and nothing where there is no plan. Texts and suites need
    the usual columns, as far as their part of the plan names no others. One query.
    """
    plan = plan_of(use_case)
    document = plan.document if plan is not None else {}
    if role == Attachment.Role.TEXTS:
        texts = counterfactual_plan_from(document.get("counterfactual", {}))
        named = [texts.text_id, texts.identity, texts.role, texts.prediction, texts.score]
    elif role == Attachment.Role.SUITE:
        suite = suite_plan_from(document.get("suite", {}))
        named = [suite.functionality, suite.case_id, suite.text, suite.label, suite.prediction, suite.score]
    elif role == Attachment.Role.STRESS:
        stress = document.get("stress", {})
        named = [stress.get("text"), stress.get("label")]
        kind, _, column = str(stress.get("model") or "").partition(":")
        if kind == "answers":
            named += ["severity", column or "prediction"]
    elif role in (Attachment.Role.DATA, Attachment.Role.REFERENCE, Attachment.Role.FILES):
        named = []  # every column is looked at
    else:
        bias, ll144 = document.get("bias", {}), document.get("ll144", {})
        named = [bias.get(key) for key in ("label", "prediction", "score")]
        named += [*bias.get("sensitive", []), bias.get("weights"), bias.get("cluster")]
        named += [*bias.get("features", []), *bias.get("legitimate", [])]
        named += [ll144.get(key) for key in ("sex", "race", "selected", "score", "group")]
    return list(dict.fromkeys(name for name in named if isinstance(name, str) and name))
