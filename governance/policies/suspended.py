"""What is suspended is not let through, whatever the policies ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.policies.judging import RequirementResult, Status
from governance.policies.moments import FactsMalformed

ID = KIND = CODE = "suspended"
# The name that stands where else a policy's does: no file can bear it, names have no dot.
BUILT_IN = "assay.suspensions"


def judge_lineage(facts: Mapping[str, Any]) -> tuple[RequirementResult, ...]:
    """One unsatisfied requirement where anything is suspended, else none.

    Raises:
        FactsMalformed: the lineage is not told in numbers.
    """
    lineage = facts.get("lineage", {})
    counts = [lineage.get(name, 0) for name in ("suspended", "suspended_upstream")] if _is_mapping(lineage) else [None]
    if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in counts):
        raise FactsMalformed("lineage")
    standing = sum(count or 0 for count in counts)
    if standing == 0:
        return ()
    named = [str(one.get("of", "")) for one in lineage.get("suspensions", ()) if _is_mapping(one)]
    return (
        RequirementResult(
            id=ID,
            title="Nothing that it rests on is suspended",
            kind=KIND,
            status=Status.UNSATISFIED,
            severity="fail",
            code=CODE,
            policy=BUILT_IN,
            params={"of": named, **({"standing": standing} if standing > 1 else {})},
        ),
    )


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)
