"""What two administrators set aside, of whatever policies, facts and votes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from governance.policies.evaluation import AppliedPolicy, Evaluation, VoteFact, evaluate
from governance.policies.lapsing import as_of
from governance.policies.overriding import OVERRIDABLE
from governance.reviews.overriding import open_items
from tests.governance.policies.documents import applied
from tests.governance.policies.evaluated import NOON, facts, judged
from tests.governance.policies.test_evaluation_properties import by, known_facts, policies_published, votes_cast

ENDS = NOON + dt.timedelta(days=1)


def open_targets(found: Evaluation) -> list[str]:
    """All that may be set aside: what is open, unless another of the same name is an error."""
    errors = {one.id for one in found.requirements if one.status == "error" and one.decides}
    named = [one.id for one in found.requirements if one.decides and one.status in OVERRIDABLE and one.id not in errors]
    named += [f"vote.{lane.lane}" for lane in found.votes if lane.status in OVERRIDABLE]
    return list(dict.fromkeys([*named, *(["vote.distinct"] if found.distinct_have < found.distinct_needed else [])]))


def with_override(known: dict[str, Any], items: list[dict[str, Any]], *, until: dt.datetime = ENDS) -> dict[str, Any]:
    return known | {"overrides": [{"id": 1, "until": until.isoformat(), "items": items, "reason": "it is urgent"}]}


@given(policies=policies_published, known=known_facts(), votes=votes_cast, data=st.data())
def test_an_override_never_makes_a_plain_yes_never_undoes_an_error_and_never_outlives_its_end(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact], data: st.DataObject
) -> None:
    before = by(policies, known, votes)
    targets = open_targets(before)
    assume(targets)
    chosen = data.draw(st.lists(st.sampled_from(targets), min_size=1, unique=True))
    items = open_items(before, chosen)

    after = by(policies, with_override(known, items), votes)

    assert after.verdict != "allow"
    assert (after.verdict == "error") == (before.verdict == "error")
    if set(chosen) == set(targets) and before.verdict != "error":
        assert after.verdict == "warn"
    for target in chosen:
        assert f"{target}:overridden_by_admin" in after.reason_codes
    left = {code.rpartition(":")[0] for code in before.reason_codes} - set(chosen)
    assert left <= {code.rpartition(":")[0] for code in after.reason_codes}
    over = by(policies, with_override(known, items, until=NOON), votes)
    assert (over.verdict, over.reason_codes) == (before.verdict, before.reason_codes)
    later = as_of(after.as_json(), at=ENDS)
    closed = [one for one in after.requirements if one.status == "overridden_by_admin" and one.severity == "fail"]
    if closed or any(target.startswith("vote.") for target in chosen):
        assert later["verdict"] in ("deny", "error")
    assert not any(code.endswith(":overridden_by_admin") for code in later["reason_codes"])


@pytest.mark.parametrize(
    "overrides",
    [
        {"id": 1},
        ["all"],
        [{"id": "1", "until": ENDS.isoformat(), "items": []}],
        [{"id": 1, "until": "for ever", "items": []}],
        [{"id": 1, "items": []}],
        [{"id": 1, "until": ENDS.isoformat(), "items": "all"}],
        [{"id": 1, "until": ENDS.isoformat(), "items": [{"what": "everything"}]}],
        [{"id": 1, "until": ENDS.isoformat(), "items": [{"what": "lane", "lane": "ethics"}]}],
        [{"id": 1, "until": ENDS.isoformat(), "items": ["vote.ethics"]}],
    ],
)
def test_overrides_that_cannot_be_read_are_an_error_and_open_nothing(overrides: Any) -> None:
    found = evaluate(policies=[applied()], facts=facts() | {"overrides": overrides}, votes=[], at=NOON)

    assert judged().verdict == "deny"
    assert found.verdict == "error"
    assert found.reason_codes[0].startswith("facts_malformed:overrides")
