"""The words of the product with their tone and shape: what every verdict, state and severity looks like.

Presentation only. A word that is not listed here is shown as it is, in the neutral tone: nothing looks like a pass
because somebody forgot to list it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LONGEST_UNKNOWN_WORD = 60


@dataclass(frozen=True)
class Shown:
    """How one word looks: ``tone`` (class ``tone-…``), ``icon`` (symbol ``i-…`` of the sprite) and its label."""

    tone: str
    icon: str
    label: str | Promise


VERDICTS = {
    "pass": Shown("pass", "pass", pgettext_lazy("verdict", "Pass")),
    "warn": Shown("warn", "warn", pgettext_lazy("verdict", "Warning")),
    "warning": Shown("warn", "warn", pgettext_lazy("verdict", "Warning")),
    "fail": Shown("fail", "fail", pgettext_lazy("verdict", "Fail")),
    "insufficient_data": Shown("open", "open", pgettext_lazy("verdict", "Not enough data")),
    "no_information": Shown("none", "none", pgettext_lazy("verdict", "No information")),
    # A proposal is no verdict on the model: it has the colour of what waits for a person.
    "proposal": Shown("wait", "note", pgettext_lazy("verdict", "Proposal")),
    "measured": Shown("none", "note", pgettext_lazy("verdict", "Measured")),
    # What a model answered to what somebody typed, right or wrong.
    "answered": Shown("none", "note", pgettext_lazy("verdict", "Answered")),
    "no_answer": Shown("open", "open", pgettext_lazy("verdict", "No answer")),
    "no_better": Shown("none", "none", pgettext_lazy("verdict", "Nothing better")),
}
LICENCES = {
    "pass": Shown("pass", "pass", pgettext_lazy("licence", "Compatible")),
    "obligation": Shown("wait", "duty", pgettext_lazy("licence", "Obligations")),
    "warning": Shown("warn", "warn", pgettext_lazy("licence", "Warning")),
    "unknown": Shown("open", "unknown", pgettext_lazy("licence", "Unknown")),
    "conflict": Shown("fail", "fail", pgettext_lazy("licence", "Conflict")),
}
DUTIES = {
    "met": Shown("pass", "pass", pgettext_lazy("duty", "Met")),
    "attested": Shown("pass", "duty", pgettext_lazy("duty", "Attested")),
    "open": Shown("wait", "duty", pgettext_lazy("duty", "Open")),
    "unseen": Shown("wait", "look", pgettext_lazy("duty", "Not seen")),
    "latent": Shown("none", "none", pgettext_lazy("duty", "Not yet")),
}
GATE = {
    "allow": Shown("pass", "pass", pgettext_lazy("gate", "Allow")),
    "warn": Shown("warn", "warn", pgettext_lazy("gate", "Allow, with warnings")),
    "deny": Shown("fail", "fail", pgettext_lazy("gate", "Deny")),
    "pending": Shown("wait", "wait", pgettext_lazy("gate", "Pending")),
    "error": Shown("fail", "error", pgettext_lazy("gate", "Could not decide")),
}
MODES = {
    "enforce": Shown("pass", "pass", pgettext_lazy("mode", "Enforced")),
    "warn": Shown("warn", "warn", pgettext_lazy("mode", "Only warns")),
    "observe": Shown("fail", "warn", pgettext_lazy("mode", "Only observes")),
}
REQUIREMENTS = {
    "satisfied": Shown("pass", "pass", pgettext_lazy("requirement", "Satisfied")),
    "unsatisfied": Shown("fail", "fail", pgettext_lazy("requirement", "Unsatisfied")),
    "pending": Shown("wait", "wait", pgettext_lazy("requirement", "Pending")),
    "waived": Shown("warn", "waived", pgettext_lazy("requirement", "Waived")),
    "overridden_by_admin": Shown("fail", "waived", pgettext_lazy("requirement", "Overridden")),
    "not_applicable": Shown("none", "none", pgettext_lazy("requirement", "Not applicable")),
    "error": Shown("fail", "error", pgettext_lazy("requirement", "Error")),
    "missing": Shown("open", "open", pgettext_lazy("requirement", "Missing")),
    "stale": Shown("open", "open", pgettext_lazy("requirement", "Too old")),
    "vetoed": Shown("fail", "fail", pgettext_lazy("requirement", "Vetoed")),
}
RUNS = {
    "queued": Shown("wait", "wait", pgettext_lazy("run", "Queued")),
    "running": Shown("wait", "run", pgettext_lazy("run", "Running")),
    # The run came to its end. What it found is its verdict: where there is one, a page shows that and not this.
    "succeeded": Shown("pass", "pass", pgettext_lazy("run", "Finished")),
    "errored": Shown("fail", "error", pgettext_lazy("run", "Could not run")),
    "timed_out": Shown("fail", "error", pgettext_lazy("run", "Timed out")),
    "cancelled": Shown("none", "off", pgettext_lazy("run", "Cancelled")),
}
SUBMISSIONS = {
    "draft": Shown("none", "none", pgettext_lazy("submission", "Draft")),
    "submitted": Shown("wait", "wait", pgettext_lazy("submission", "Submitted")),
    "in_review": Shown("wait", "wait", pgettext_lazy("submission", "In review")),
    "changes_requested": Shown("warn", "note", pgettext_lazy("submission", "Changes asked for")),
    "approved": Shown("pass", "pass", pgettext_lazy("submission", "Approved")),
    "rejected": Shown("fail", "fail", pgettext_lazy("submission", "Rejected")),
    "withdrawn": Shown("none", "off", pgettext_lazy("submission", "Withdrawn")),
    "superseded": Shown("none", "off", pgettext_lazy("submission", "Superseded")),
}
APPROVALS = {
    "in_force": Shown("pass", "pass", pgettext_lazy("approval", "In force")),
    "active": Shown("pass", "pass", pgettext_lazy("approval", "In force")),
    "suspended": Shown("fail", "off", pgettext_lazy("approval", "Suspended")),
    "lifted": Shown("none", "off", pgettext_lazy("suspension", "Lifted")),
    "revoked": Shown("fail", "off", pgettext_lazy("approval", "Revoked")),
    "expired": Shown("none", "off", pgettext_lazy("approval", "Expired")),
    "ended": Shown("none", "off", pgettext_lazy("approval", "Ended")),
    "superseded": Shown("none", "off", pgettext_lazy("approval", "Replaced")),
    "replaced": Shown("none", "off", pgettext_lazy("approval", "Replaced")),
    "evidence_failed": Shown("fail", "off", pgettext_lazy("approval", "Ended: a later audit failed")),
    "lapsed": Shown("fail", "off", pgettext_lazy("approval", "Closed: what it rests on has lapsed")),
    "none": Shown("none", "none", pgettext_lazy("approval", "None")),
}
WAIVERS = {
    "proposed": Shown("wait", "wait", pgettext_lazy("waiver", "Waits for a second person")),
    "active": Shown("warn", "waived", pgettext_lazy("waiver", "In force")),
    "rejected": Shown("fail", "fail", pgettext_lazy("waiver", "Rejected")),
    "revoked": Shown("fail", "off", pgettext_lazy("waiver", "Revoked")),
    "expired": Shown("none", "off", pgettext_lazy("waiver", "Expired")),
}
OVERRIDES = {
    "proposed": Shown("wait", "wait", pgettext_lazy("override", "Waits for a second administrator")),
    "active": Shown("fail", "waived", pgettext_lazy("override", "In force")),
    "rejected": Shown("none", "fail", pgettext_lazy("override", "Rejected")),
    "revoked": Shown("none", "off", pgettext_lazy("override", "Revoked")),
    "expired": Shown("none", "off", pgettext_lazy("override", "Expired")),
}
SEVERITIES = {
    "info": Shown("none", "note", pgettext_lazy("severity", "Info")),
    "low": Shown("none", "new", pgettext_lazy("severity", "Low")),
    "medium": Shown("warn", "warn", pgettext_lazy("severity", "Medium")),
    "high": Shown("fail", "warn", pgettext_lazy("severity", "High")),
    "critical": Shown("fail", "fail", pgettext_lazy("severity", "Critical")),
}
CONSEQUENCES = {
    "fail": Shown("fail", "fail", pgettext_lazy("consequence", "Closes the gate")),
    "warn": Shown("warn", "warn", pgettext_lazy("consequence", "Warns")),
    "info": Shown("none", "note", pgettext_lazy("consequence", "Informs")),
}
VOTES = {
    "2": Shown("pass", "pass", pgettext_lazy("vote", "Agrees")),
    "1": Shown("pass", "pass", pgettext_lazy("vote", "Agrees")),
    "0": Shown("none", "note", pgettext_lazy("vote", "Comments")),
    "-1": Shown("warn", "warn", pgettext_lazy("vote", "Asks for changes")),
    "-2": Shown("fail", "fail", pgettext_lazy("vote", "Vetoes")),
}
STAGES = {
    "prototype": Shown("none", "new", pgettext_lazy("stage", "Prototype")),
    "pilot": Shown("none", "new", pgettext_lazy("stage", "Pilot")),
    "production": Shown("none", "new", pgettext_lazy("stage", "Production")),
}
TIERS = {
    "minimal": Shown("none", "new", pgettext_lazy("tier", "Minimal")),
    "limited": Shown("none", "new", pgettext_lazy("tier", "Limited")),
    "high": Shown("none", "new", pgettext_lazy("tier", "High")),
    "critical": Shown("none", "new", pgettext_lazy("tier", "Critical")),
}
LANES = {
    "domain": Shown("none", "new", pgettext_lazy("lane", "Domain")),
    "ethics": Shown("none", "new", pgettext_lazy("lane", "Ethics")),
    "security": Shown("none", "new", pgettext_lazy("lane", "Security")),
    "legal": Shown("none", "new", pgettext_lazy("lane", "Legal")),
    "risk": Shown("none", "new", pgettext_lazy("lane", "Risk")),
    "audit": Shown("none", "new", pgettext_lazy("lane", "Audit")),
}
RELATIONS = {
    "finetune": Shown("none", "new", pgettext_lazy("lineage", "finetuned into")),
    "adapter": Shown("none", "new", pgettext_lazy("lineage", "adapted by")),
    "merge": Shown("none", "new", pgettext_lazy("lineage", "merged into")),
    "quantized": Shown("none", "new", pgettext_lazy("lineage", "quantized into")),
    "train_on": Shown("none", "new", pgettext_lazy("lineage", "used to train")),
    "includes": Shown("none", "new", pgettext_lazy("lineage", "included in")),
    "served_in": Shown("none", "new", pgettext_lazy("lineage", "served in")),
    "distill": Shown("none", "new", pgettext_lazy("lineage", "distilled into")),
    "outputs": Shown("none", "new", pgettext_lazy("lineage", "generated training data for")),
    "generated_by": Shown("none", "new", pgettext_lazy("lineage", "generated")),
    "adapted": Shown("none", "new", pgettext_lazy("lineage", "adapted into")),
    "code": Shown("none", "new", pgettext_lazy("lineage", "code of")),
    "unstated": Shown("none", "new", pgettext_lazy("lineage", "in a way not said, origin of")),
    "unreadable": Shown("none", "new", pgettext_lazy("lineage", "in a way not understood, origin of")),
}
ORIGINS = {
    "observed": Shown("none", "look", pgettext_lazy("origin", "Observed")),
    "declared": Shown("none", "note", pgettext_lazy("origin", "Declared")),
    "endpoint": Shown("none", "note", pgettext_lazy("origin", "Answered by a service")),
}
ASSURANCES = {
    "hashed": Shown("none", "duty", pgettext_lazy("assurance", "Every byte hashed")),
    "listed": Shown("none", "look", pgettext_lazy("assurance", "Hashes as the Hub lists them")),
    "card-only": Shown("none", "none", pgettext_lazy("assurance", "Card only")),
}
KINDS = {
    "model": Shown("none", "new", pgettext_lazy("kind", "Model")),
    "dataset": Shown("none", "new", pgettext_lazy("kind", "Dataset")),
    "space": Shown("none", "new", pgettext_lazy("kind", "Space")),
}
AUDITS = {
    "bias": Shown("none", "new", pgettext_lazy("audit", "Bias")),
    "card": Shown("none", "new", pgettext_lazy("audit", "Card")),
    "license": Shown("none", "new", pgettext_lazy("audit", "Licence")),
    "data": Shown("none", "new", pgettext_lazy("audit", "Data")),
    "drift": Shown("none", "new", pgettext_lazy("audit", "Drift")),
    "ll144": Shown("none", "new", pgettext_lazy("audit", "Local Law 144")),
    "counterfactual": Shown("none", "new", pgettext_lazy("audit", "Counterfactual texts")),
    "suite": Shown("none", "new", pgettext_lazy("audit", "Functional suite")),
    "files": Shown("none", "new", pgettext_lazy("audit", "Files")),
    "stress": Shown("none", "new", pgettext_lazy("audit", "Stress")),
    "trial": Shown("none", "new", pgettext_lazy("audit", "Trial")),
}
# The law sets no limit for its ratios: its audit is calculated, and passes nobody.
CALCULATED: Mapping[str, Shown] = {
    **VERDICTS,
    "pass": Shown("none", "look", pgettext_lazy("verdict", "Calculated")),
    "warn": Shown("warn", "warn", pgettext_lazy("verdict", "Calculated, with gaps")),
}

FAMILIES: Mapping[str, Mapping[str, Shown]] = {
    "verdict": VERDICTS,
    "bias": VERDICTS,
    "data": VERDICTS,
    "drift": VERDICTS,
    "ll144": CALCULATED,
    "counterfactual": VERDICTS,
    "suite": VERDICTS,
    "files": VERDICTS,
    "stress": VERDICTS,
    "card": VERDICTS,
    "licence": LICENCES,
    "license": LICENCES,
    "gate": GATE,
    "mode": MODES,
    "requirement": REQUIREMENTS,
    "run": RUNS,
    "submission": SUBMISSIONS,
    "approval": APPROVALS,
    "waiver": WAIVERS,
    "override": OVERRIDES,
    "severity": SEVERITIES,
    "consequence": CONSEQUENCES,
    "vote": VOTES,
    "stage": STAGES,
    "tier": TIERS,
    "lane": LANES,
    "relation": RELATIONS,
    "duty": DUTIES,
    "origin": ORIGINS,
    "assurance": ASSURANCES,
    "kind": KINDS,
    "audit": AUDITS,
}
# A word that several families know means, without a family, what the first of these says.
GENERAL: Mapping[str, Shown] = {
    word: shown
    for family in (
        KINDS,
        ORIGINS,
        RELATIONS,
        STAGES,
        SEVERITIES,
        APPROVALS,
        SUBMISSIONS,
        RUNS,
        GATE,
        LICENCES,
        REQUIREMENTS,
        VERDICTS,
    )
    for word, shown in family.items()
}
GROUPS = (
    ("closes", "fail", _("Close the gate")),
    ("warns", "warn", _("Warn, and do not close the gate")),
    ("holds", "pass", _("Hold")),
    ("apart", "none", _("Do not apply")),
)


def plain(word: object) -> str:
    """A word as it is stored: the value of a choice, or the text itself, stripped."""
    if isinstance(word, Enum):
        word = word.value
    return "" if word is None else str(word).strip()


def look_up(word: object, family: str = "") -> Shown:
    """How ``word`` looks. A family that is known decides alone; without one, all words of the product are searched.

    A word that is not found keeps its own text and gets the neutral tone; an empty one says that it is not known.
    """
    text = plain(word)
    table = FAMILIES.get(family.strip().lower(), GENERAL)
    shown = table.get(text.lower()) or table.get(text.lower().replace("-", "_").replace(" ", "_"))
    if shown:
        return shown
    if not text:
        return Shown("none", "none", _("Not known"))
    if len(text) > LONGEST_UNKNOWN_WORD:
        text = text[: LONGEST_UNKNOWN_WORD - 1] + "…"
    return Shown("none", "unknown", text.replace("_", " "))


def consequence_of(status: object, severity: object) -> str:
    """The group that a requirement stands in: ``closes``, ``warns``, ``holds`` or ``apart`` (it does not apply).

    What is neither satisfied, waived nor not applicable closes the gate, unless its severity says that it only warns.
    What two administrators set aside does not hold and closes nothing: it warns, whatever its severity.
    """
    text = plain(status).lower()
    if text == "overridden_by_admin":
        return "warns"
    if text in ("satisfied", "waived"):
        return "holds"
    if text == "not_applicable":
        return "apart"
    return "warns" if plain(severity).lower() in ("warn", "info") else "closes"
