"""The policies that come with the product, against the matrix of tiers and stages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from governance.policies import services
from governance.policies.documents import parse
from governance.policies.evaluation import AppliedPolicy, Evaluation, VoteFact, evaluate
from governance.policies.shapes import LANES, STAGES, SUBJECT_KINDS, TIERS, PolicyDocument
from governance.policies.trying import failures
from tests.governance.policies.documents import KINDS as FEWER

FIVE = ("pass", "warn", "fail", "insufficient_data", "no_information")
KINDS = FEWER | {"data": FIVE, "files": FIVE, "stress": FIVE}
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
FILES = sorted(Path(services.__file__).with_name("defaults").glob("*.yaml"))
SHIPPED = {file.stem: parse(file.read_text(encoding="utf-8"), known_kinds=KINDS) for file in FILES}
# What asks for a stress audit: of classifiers of texts, and of models of columns and pictures.
STRESSED = {
    *("lower-text-stress", "text-stress", "critical-text-stress"),
    *("lower-input-stress", "input-stress", "critical-input-stress"),
}
ASKED_TASKS = ("text-classification", "tabular-classification", "tabular-regression", "image-classification")
CELLS = [(tier, stage) for tier in TIERS for stage in STAGES]

# What the matrix says of a model: bias verdicts that are accepted, votes, days of validity, decided by machine.
MATRIX: dict[tuple[str, str], tuple[set[str] | None, list[str], int, bool]] = {
    ("minimal", "prototype"): (None, [], 365, True),
    ("minimal", "pilot"): (None, [], 365, True),
    ("minimal", "production"): (None, ["domain"], 365, False),
    ("limited", "prototype"): (None, [], 365, True),
    ("limited", "pilot"): ({"pass", "warn"}, ["domain"], 180, False),
    ("limited", "production"): ({"pass", "warn"}, ["domain", "risk"], 180, False),
    ("high", "prototype"): (None, [], 180, True),
    ("high", "pilot"): ({"pass", "warn"}, ["domain", "ethics"], 90, False),
    ("high", "production"): ({"pass"}, ["domain", "ethics", "security"], 90, False),
    ("critical", "prototype"): ({"pass", "warn"}, ["domain", "ethics"], 90, False),
    ("critical", "pilot"): ({"pass"}, ["domain", "ethics", "security"], 90, False),
    ("critical", "production"): ({"pass"}, ["domain", "ethics", "security", "audit"], 30, False),
}


def applying(kind: str, tier: str, stage: str) -> list[PolicyDocument]:
    return [policy for policy in SHIPPED.values() if policy.applies_to(kind=kind, tier=tier, stage=stage)]


def accepted(policies: list[PolicyDocument], audit: str, *, severity: str = "fail") -> set[str] | None:
    """The verdicts of an audit that every requirement of this severity accepts; None where it is not asked for."""
    asked = [r for p in policies for r in p.requirements if r.kind == audit and r.severity == severity]
    return set.intersection(*(set(r.verdicts) for r in asked)) if asked else None


def oldest(policies: list[PolicyDocument], audit: str) -> int | None:
    ages = [r.max_age_days for p in policies for r in p.requirements if r.kind == audit]
    return min((age for age in ages if age is not None), default=None)


def votes_asked(policies: list[PolicyDocument]) -> dict[str, int]:
    return {rule.lane: rule.min for policy in policies for rule in policy.votes}


def asked(
    kind: str, tier: str, stage: str, verdicts: dict[str, str], votes: list[VoteFact], **declared: Any
) -> Evaluation:
    """What all shipped policies together say of fresh runs with these verdicts."""
    finished = (NOON - dt.timedelta(days=2)).isoformat()
    audits = [
        {"kind": name, "state": "succeeded", "verdict": verdict, "run": number, "finished_at": finished}
        for number, (name, verdict) in enumerate(verdicts.items(), start=1)
    ]
    facts = {"subject": {"kind": kind}, "use_case": {"tier": tier}, "stage": stage, "audits": audits, **declared}
    policies = [AppliedPolicy(name, 1, document.sha256, document) for name, document in SHIPPED.items()]
    return evaluate(policies=policies, facts=facts, votes=votes, at=NOON, current_round=1)


BEST = {"card": "pass", "license": "pass", "bias": "pass", "data": "pass", "files": "pass"}
SIGNED: dict[str, Any] = {
    "pilot": {
        "days": 14,
        "requests": 900,
        "complaints": 0,
        "drift": 0.0,
        "cost_per_1000": 0.4,
        "rollback_drill_on": "2026-11-01",
    },
    "decision_record": {"approach": "adapter"},
}
EVERYBODY = [VoteFact(lane, 1, f"reviewer of {lane}", 1) for lane in LANES]


def test_the_shipped_policies_can_be_published_with_the_audits_that_are_registered():
    known = services.known_kinds()

    assert {name: set(known.get(name, ())) for name in KINDS} == {name: set(KINDS[name]) for name in KINDS}
    for file in FILES:
        assert parse(file.read_text(encoding="utf-8"), known_kinds=known).name == file.stem


def test_every_file_is_named_after_its_policy():
    assert {name: document.name for name, document in SHIPPED.items()} == {name: name for name in SHIPPED}
    assert len(SHIPPED) == 25


@pytest.mark.parametrize(("tier", "stage"), CELLS)
def test_each_tier_and_stage_has_one_policy_for_models_that_asks_what_the_matrix_says(tier: str, stage: str):
    applied = {policy.name: policy for policy in applying("model", tier, stage)}
    policy = applied.pop(f"{tier}-{stage}")
    bias, lanes, days, alone = MATRIX[tier, stage]

    # What stands beside it asks for audits and for nobody's vote.
    assert applied.keys() <= {"minimal-files", "model-files", "critical-files", *STRESSED}
    assert votes_asked([*applied.values()]) == {}
    assert all(one.auto_decide >= policy.auto_decide and one.valid_days >= days for one in applied.values())
    assert accepted([policy], "card") == {"pass", "warn"}
    assert accepted([policy], "bias") == bias
    assert votes_asked([policy]) == dict.fromkeys(lanes, 1)
    assert policy.distinct_voters == len(lanes)
    assert (policy.valid_days, policy.auto_decide) == (days, alone)


@pytest.mark.parametrize(("tier", "stage"), CELLS)
def test_a_licence_conflict_only_warns_in_the_prototypes_of_low_risk(tier: str, stage: str):
    only_warns = stage == "prototype" and tier in ("minimal", "limited")
    conflicting = asked("model", tier, stage, BEST | {"license": "conflict"}, EVERYBODY, **SIGNED)

    assert conflicting.verdict == ("warn" if only_warns else "deny")
    assert asked("model", tier, stage, BEST | {"license": "unknown"}, EVERYBODY, **SIGNED).verdict == "deny"
    for fitting in ("pass", "obligation", "warning"):
        assert asked("model", tier, stage, BEST | {"license": fitting}, EVERYBODY, **SIGNED).verdict == "allow"


@pytest.mark.parametrize("kind", SUBJECT_KINDS)
@pytest.mark.parametrize(("tier", "stage"), CELLS)
def test_the_best_evidence_and_all_votes_allow_and_nothing_at_all_denies(kind: str, tier: str, stage: str):
    assert asked(kind, tier, stage, BEST, EVERYBODY, **SIGNED).verdict == "allow"

    assert asked(kind, tier, stage, {}, EVERYBODY, **SIGNED).verdict == "deny"
    for missing in BEST:
        fewer = {name: verdict for name, verdict in BEST.items() if name != missing}
        needed = accepted(applying(kind, tier, stage), missing) is not None
        assert asked(kind, tier, stage, fewer, EVERYBODY, **SIGNED).opens is not needed


@pytest.mark.parametrize("kind", ["dataset", "space"])
@pytest.mark.parametrize(("tier", "stage"), CELLS)
def test_datasets_and_spaces_are_asked_for_card_and_licence_and_in_production_for_a_lawyer(
    kind: str, tier: str, stage: str
):
    policies = applying(kind, tier, stage)
    production = stage == "production"
    compatible = {"pass", "obligation", "warning"}

    assert [policy.name for policy in policies] == [f"{kind}-any", f"{kind}-production"][: 1 + production]
    assert accepted(policies, "card") == {"pass", "warn"}
    assert accepted(policies, "license") == (compatible if production else compatible | {"conflict"})
    assert votes_asked(policies) == ({"legal": 1} if production else {})
    assert not all(policy.auto_decide for policy in policies)


def _asks_no_less(harder: list[PolicyDocument], easier: list[PolicyDocument]) -> None:
    """Whatever the easier cell demands, the harder one demands too, or more of it."""
    for audit in KINDS:
        wide, narrow = accepted(easier, audit), accepted(harder, audit)
        assert wide is None or (narrow is not None and narrow <= wide), audit
        warned = accepted(easier, audit, severity="warn")
        warns = accepted(harder, audit, severity="warn")
        assert warned is None or narrow is not None or (warns is not None and warns <= warned), audit
        age, strict = oldest(easier, audit), oldest(harder, audit)
        assert age is None or (strict is not None and strict <= age), audit
    # Which lanes speak changes with the tier, as the matrix has it; how many people have to agree only grows.
    assert sum(votes_asked(harder).values()) >= sum(votes_asked(easier).values())
    assert max(p.distinct_voters for p in harder) >= max(p.distinct_voters for p in easier)
    assert min(p.valid_days for p in harder) <= min(p.valid_days for p in easier)
    assert all(p.auto_decide for p in harder) <= all(p.auto_decide for p in easier)


@pytest.mark.parametrize("kind", SUBJECT_KINDS)
@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(("earlier", "later"), [("prototype", "pilot"), ("pilot", "production")])
def test_a_later_stage_never_asks_less(kind: str, tier: str, earlier: str, later: str):
    harder, easier = applying(kind, tier, later), applying(kind, tier, earlier)

    _asks_no_less(harder, easier)
    assert votes_asked(easier).keys() <= votes_asked(harder).keys()


@pytest.mark.parametrize("kind", SUBJECT_KINDS)
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("lower", "higher"), [("minimal", "limited"), ("limited", "high"), ("high", "critical")])
def test_a_higher_tier_never_asks_less(kind: str, stage: str, lower: str, higher: str):
    _asks_no_less(applying(kind, higher, stage), applying(kind, lower, stage))


@pytest.mark.parametrize("stage", ["pilot", "production"])
@pytest.mark.parametrize("tier", TIERS)
def test_what_nothing_measures_yet_is_named_on_top_of_the_file(tier: str, stage: str):
    text = next(file for file in FILES if file.stem == f"{tier}-{stage}").read_text(encoding="utf-8")
    head = " ".join(line.lstrip("# ") for line in text.split("apiVersion")[0].splitlines())

    assert "Not yet checked" in head
    assert ("Not asked for here: a stress audit" in head) == (stage == "production" or tier in ("high", "critical"))
    assert "evidence from a pilot" not in head


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_tests_inside_the_shipped_files_pass(name: str):
    assert failures(SHIPPED[name]) == []
    tried = {what for case in SHIPPED[name].tests for what, _expected in case.expect}
    assert tried >= {"verdict"} | {one.id for one in SHIPPED[name].requirements if one.severity == "fail"}


@pytest.mark.parametrize("tier", TIERS)
def test_production_needs_a_pilot_with_every_figure_at_every_tier_and_nothing_before_it_does(tier: str):
    for lacking in SIGNED["pilot"]:
        told = SIGNED | {"pilot": {name: value for name, value in SIGNED["pilot"].items() if name != lacking}}
        assert not asked("model", tier, "production", BEST, EVERYBODY, **told).opens, lacking
    unused = SIGNED | {"pilot": SIGNED["pilot"] | {"requests": 0}}
    assert not asked("model", tier, "production", BEST, EVERYBODY, **unused).opens
    short = SIGNED | {"pilot": SIGNED["pilot"] | {"days": 13}}
    assert asked("model", tier, "production", BEST, EVERYBODY, **short).opens is (tier != "critical")
    record = {"decision_record": SIGNED["decision_record"]}
    assert asked("model", tier, "pilot", BEST, EVERYBODY, **record).verdict == "allow"


def test_from_high_risk_in_production_on_a_data_audit_of_thirty_days_is_asked_for():
    asking = {cell for cell in CELLS if accepted(applying("model", *cell), "data") is not None}

    assert asking == {("high", "production"), ("critical", "pilot"), ("critical", "production")}
    assert {oldest(applying("model", *cell), "data") for cell in asking} == {30}


@pytest.mark.parametrize(("tier", "stage"), CELLS)
def test_a_model_s_files_are_scanned_from_the_pilot_on_and_critical_risk_allows_no_pickle(tier: str, stage: str):
    allowed = {None} if stage == "prototype" else {"pass", "warn"}
    if (tier, stage) == ("critical", "production"):
        allowed = {"pass"}

    for verdict in FIVE:
        answer = asked("model", tier, stage, BEST | {"files": verdict}, EVERYBODY, **SIGNED)
        assert answer.opens is (allowed == {None} or verdict in allowed), verdict


@pytest.mark.parametrize(("tier", "stage"), CELLS)
@pytest.mark.parametrize("task", [*ASKED_TASKS, "text-generation"])
def test_models_of_texts_columns_and_pictures_are_put_under_stress_in_production_and_the_earlier_the_higher_the_risk(
    tier: str, stage: str, task: str
):
    of_stage = stage == "production" or tier == "critical" or (tier, stage) == ("high", "pilot")
    needed = task in ASKED_TASKS and of_stage
    told = SIGNED | {"subject": {"kind": "model", "task": task}}

    assert (accepted(applying("model", tier, stage), "stress") is not None) == of_stage
    assert asked("model", tier, stage, BEST, EVERYBODY, **told).opens is not needed  # nobody has run it
    for verdict in FIVE:
        answer = asked("model", tier, stage, BEST | {"stress": verdict}, EVERYBODY, **told)
        assert answer.opens is (not needed or verdict in ("pass", "warn")), verdict
    if needed:  # the policy that asks has examples of its own
        examples = [case for one in applying("model", tier, stage) if one.name in STRESSED for case in one.tests]
        assert any(case.facts.get("subject", {}).get("task") == task for case in examples)


def test_production_at_critical_risk_needs_a_signed_pilot_and_pilot_on_a_decision_on_record():
    pilot, record = {"pilot": SIGNED["pilot"]}, {"decision_record": SIGNED["decision_record"]}

    assert asked("model", "critical", "production", BEST, EVERYBODY, **SIGNED).verdict == "allow"
    for missing in (pilot, record):
        assert asked("model", "critical", "production", BEST, EVERYBODY, **missing).verdict == "deny"
    assert asked("model", "critical", "pilot", BEST, EVERYBODY, **record).verdict == "allow"
    assert asked("model", "critical", "pilot", BEST, EVERYBODY, **pilot).verdict == "deny"
    assert asked("model", "critical", "prototype", BEST, EVERYBODY).verdict == "allow"
