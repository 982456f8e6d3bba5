"""Policies held against the facts of a portfolio: seconds for 10,000 versions.

    python bench/policy_evaluation.py [--versions 10000] [--rounds 3]

Makes a database of its own on the servers that the tests use, and drops it. Every version is in review for production
at high risk, with the facts that were kept when it was judged last (every audit that the default policies ask for, and
figures) and its votes. The
floor reads the same facts and holds the same verdicts against lists of accepted ones: requirements by kind, no
expression. A back-test is the worker's whole pass: votes counted by who may vote now, judged by the policies of now
and by the new one, flips stored. Verdicts are printed, so that it can be seen that something was decided. The bound is
60 s for 10,000 versions.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import os
import random
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
SEED = 5

PLAIN = """
apiVersion: assay/v1
kind: Policy
metadata: {name: bench-plain}
appliesTo: {stages: [production], tiers: [high]}
requirements:
  - {id: card.ok, kind: card, verdicts: [pass, warn]}
  - {id: license.known, kind: license, verdicts: [pass, obligation, warning, conflict]}
  - {id: license.compatible, kind: license, verdicts: [pass, obligation, warning], maxAgeDays: 30}
  - {id: bias.pass, kind: bias, verdicts: [pass], maxAgeDays: 30}
votes: [{lane: domain, min: 1}, {lane: ethics, min: 1}, {lane: security, min: 1}]
validDays: 90
"""

# The same in conditions, and what lists of verdicts cannot say.
CONDITIONS = """
apiVersion: assay/v1
kind: Policy
metadata: {name: bench-conditions}
appliesWhen: 'stage == "production" && use_case.tier == "high"'
requirements:
  - id: card.ok
    satisfiedIf: 'audits.exists(a, a.kind == "card" && a.verdict in ["pass", "warn"])'
  - id: license.known
    satisfiedIf: 'license.unknown_count == 0 && license.expression != ""'
  - id: license.compatible
    satisfiedIf: >-
      license.conflicts.size() == 0 && audits.exists(a, a.kind == "license" && a.verdict in ["pass", "obligation",
      "warning"] && a.age_days <= 30.0)
  - id: bias.pass
    applicableIf: 'subject.task in ["text-classification", "tabular-classification"]'
    satisfiedIf: >-
      has(metrics.bias_min_ratio) && metrics.bias_min_ratio >= 0.2
      && audits.exists(a, a.kind == "bias" && a.verdict == "pass" && a.age_days <= 30.0)
votes: [{lane: domain, min: 1}, {lane: ethics, min: 1}, {lane: security, min: 1}]
validDays: 90
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    _setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _build(options.versions)
        rounds = [_round(options.versions) for _ in range(options.rounds)]
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    _print(rounds, options.versions)


def _setup() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django
    from django.conf import settings

    # As durable as the product is: the tests' settings are not.
    settings.DATABASES["default"]["OPTIONS"].pop("options", None)
    django.setup()


def _build(versions: int) -> None:
    """Versions in review, written straight into the tables, each with the facts and votes of its review."""
    from django.db import connection

    from governance.catalog.models import Entry, UseCase, Version
    from governance.people.models import Team, User
    from governance.policies.facts import digest
    from governance.policies.queries import applied, in_force, required_kinds
    from governance.policies.services import publish_defaults
    from governance.reviews.models import Submission, Vote

    publish_defaults(by=None, at=NOON)
    # Of an audit that the kept facts do not name they would be read anew, as those of a review nobody looked at since.
    asked_for = required_kinds([applied(version) for version in in_force(at=NOON)])
    drawn = random.Random(SEED)  # noqa: S311 (a benchmark)
    team = Team.objects.create(slug="bench", name="Bench")
    people = [User.objects.create(email=f"{n}@example.org", name=str(n)) for n in range(4)]
    use_case = UseCase.objects.create(slug="bench", name="Bench", purpose="Bench", owner_team=team, tier="high")
    names = [f"bench/model-{n}" for n in range(versions)]
    entries = Entry.objects.bulk_create(
        Entry(kind="model", source="local", repo_id=name, key=name, created_at=NOON) for name in names
    )
    made = Version.objects.bulk_create(
        Version(entry=entry, revision=_sha(entry.repo_id), digest=_sha(entry.repo_id), imported_at=NOON)
        for entry in entries
    )
    rows = []
    for number, version in enumerate(made):
        facts = _facts(version.entry.repo_id, version.digest, number, drawn, asked_for)
        rows.append(
            Submission(
                version=version,
                use_case=use_case,
                stage="production",
                submitted_by=people[0],
                submitted_at=NOON,
                facts=facts,
                facts_sha256=digest(facts),
            )
        )
    stored = Submission.objects.bulk_create(rows, batch_size=1000)
    lanes = ("domain", "ethics", "security")
    Vote.objects.bulk_create(
        (
            Vote(submission=one, round=1, lane=lane, value=1, voter=voter, facts_sha256=one.facts_sha256, cast_at=NOON)
            for one in stored
            for lane, voter in zip(lanes, people[1:], strict=True)
        ),
        batch_size=5000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _facts(name: str, digest: str, number: int, drawn: random.Random, asked_for: Iterable[str]) -> dict[str, Any]:
    """Facts as a review keeps them: an audit of each kind, twenty figures, some conflicts of licences."""
    verdicts = {
        "card": drawn.choice(("pass", "pass", "warn", "fail")),
        "license": drawn.choice(("pass", "obligation", "warning", "conflict", "unknown")),
        "bias": drawn.choice(("pass", "pass", "pass", "warn", "fail")),
    }
    verdicts |= {kind: drawn.choice(("pass", "pass", "fail")) for kind in sorted(set(asked_for) - set(verdicts))}
    conflicts = 2 * (verdicts["license"] == "conflict")
    return {
        "subject": {
            "kind": "model",
            "id": name,
            "revision": digest,
            "digest": digest,
            "assurance": "hashed",
            "task": "tabular-classification",
            "library": "onnx",
        },
        "use_case": {"slug": "bench", "tier": "high", "purpose": "Bench"},
        "stage": "production",
        "card": {"score": drawn.random(), "findings": {"LIMITATIONS_SHORT": 1}},
        "license": {
            "verdict": verdicts["license"],
            "expression": "Apache-2.0",
            "unknown_count": int(verdicts["license"] == "unknown"),
            "conflicts": [{"code": "C-NC", "term": "commercial use", "chain": [name, "up/stream"]}] * conflicts,
            "obligations": ["O-NOTICE"],
        },
        "audits": [
            {
                "kind": kind,
                "state": "succeeded",
                "verdict": verdict,
                "origin": "observed",
                "run": number * len(verdicts) + place,
                "inputs_digest": _sha(f"{name} {kind}"),
                "finished_at": (NOON - dt.timedelta(days=drawn.randrange(40))).isoformat(),
                "age_days": 1.0,
            }
            for place, (kind, verdict) in enumerate(verdicts.items(), start=1)
        ],
        "metrics": {f"bias_{n:02}": drawn.random() for n in range(20)} | {"bias_min_ratio": drawn.random()},
        "evidence": {"predictions": 1},
        "waivers": [],
        "asked_at": NOON.isoformat(),
    }


def _round(versions: int) -> dict[str, Any]:
    floor, plain = _timed(PLAIN, versions)
    conditions, said = _timed(CONDITIONS, versions)
    back_test, flips = _back_tested(versions)
    return {"floor": floor, "conditions": conditions, "back_test": back_test, "plain": plain, "said": said, **flips}


def _back_tested(versions: int) -> tuple[float, dict[str, int]]:
    """Seconds of a worker's whole back-test: votes counted, judged before and after, flips stored."""
    from django.utils import timezone

    from governance.people.models import User
    from governance.policies import back_testing
    from governance.policies.models import BackTest, Flip

    by, at = User.objects.order_by("pk")[0], timezone.now()
    Flip.objects.all().delete()
    BackTest.objects.all().delete()
    asked = back_testing.ask(text=CONDITIONS.replace("bench-conditions", "high-production"), by=by, at=at)
    began = time.perf_counter()
    done = back_testing.carry_out(back_test_id=asked.pk, now=timezone.now)
    took = time.perf_counter() - began
    if done.state != "done" or done.counts["submissions"] != versions:
        sys.exit(f"{done.state} {done.counts}: nothing was measured")
    return took, {"flipped": done.counts["submissions_flipped"]}


def _timed(text: str, versions: int) -> tuple[float, dict[str, int]]:
    """Seconds to read the facts and votes of every version and judge them by one policy."""
    from governance.policies.documents import parse
    from governance.policies.evaluation import AppliedPolicy, VoteFact, evaluate
    from governance.policies.services import known_kinds
    from governance.reviews.models import Submission

    document = parse(text, known_kinds=known_kinds())
    applied = [AppliedPolicy(document.name, 1, document.sha256, document)]
    verdicts: Counter[str] = Counter()
    began = time.perf_counter()
    waiting = Submission.objects.order_by("pk").prefetch_related("votes")
    for submission in waiting.iterator(chunk_size=500):
        votes = [VoteFact(v.lane, v.value, str(v.voter_id), v.round, v.pk) for v in submission.votes.all()]
        judged = evaluate(policies=applied, facts=submission.facts, votes=votes, at=NOON, current_round=1)
        verdicts[judged.verdict] += 1
    took = time.perf_counter() - began
    if verdicts.total() != versions or len(verdicts) < 2:
        sys.exit(f"{dict(verdicts)} of {versions}: nothing was measured")
    return took, dict(verdicts)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _print(rounds: list[dict[str, Any]], versions: int) -> None:
    floor, conditions, back_test = (
        float(statistics.median(one[name] for one in rounds)) for name in ("floor", "conditions", "back_test")
    )
    print(f"{versions} versions held against one policy; medians of {len(rounds)}")
    print(f"  floor, verdicts held against lists          {floor:6.2f} s")
    print(f"  conditions in CEL, on the same facts        {conditions:6.2f} s  {conditions / floor:.2f} x floor")
    print(f"  a back-test: both policies, votes, flips    {back_test:6.2f} s  {back_test / floor:.2f} x floor")
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    for each in rounds:
        print("  " + json.dumps(each))


if __name__ == "__main__":
    main()
