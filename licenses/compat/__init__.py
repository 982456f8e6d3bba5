"""Whether the declared licences of an artefact and of all that stands upstream of it permit a use, by the table.

``check`` judges one case. Its parts are for those who judge millions: ``edges`` (one upstream licence along one
composed path) and ``merges`` (licences that meet in one work) know no names and can be kept; ``licenses.lineage`` has
the paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from licenses import cases, catalogue, findings, matrix, repairs
from licenses.catalogue import TableError
from licenses.compat.whole import Judgement
from licenses.fields import CaseRejected
from licenses.findings import RANK

__all__ = ["check", "judge"]


def check(case: Mapping[str, Any], *, corrections: Iterable[Mapping[str, str]] = ()) -> dict[str, Any]:
    """Judge one case and, where it is a conflict or a duty is open, say what would end that (``licenses.repairs``).

    Args and errors as of ``judge``; ``repairs`` is empty where there is nothing to mend, or nobody looked.
    """
    corrections = tuple(corrections)
    answer = judge(case, corrections=corrections)
    if repairs.is_needed(answer):
        answer["repairs"] = repairs.plan(case, answer, partial(judge, corrections=corrections))
    return answer


def judge(case: Mapping[str, Any], *, corrections: Iterable[Mapping[str, str]] = ()) -> dict[str, Any]:
    """Judge one case as it is; ``repairs`` stays empty.

    Args:
        case: ``{"id", "artefact": {…}, "upstream": [{…}], "works": [{…}], "overrides": [{…}], "use_profile": {…}}``;
            unknown keys are left alone. ``upstream`` may be nested, or name works of the flat list ``works``.
        corrections: cells laid over the table, ``{"licence", "column", "value", "source_ref"}`` each.

    Returns:
        ``{"id", "verdict", "codes", "findings", "latent", "overridden", "choices", "repairs", "table_digest",
        "matrix"}``. ``verdict`` is the worst severity among ``findings`` (conflict > unknown > warning > obligation >
        pass); ``latent`` holds what begins with distribution and does not bind the profile's mode; ``overridden`` what
        a reviewer decided otherwise, with the override; ``choices`` the branches taken of an OR; ``matrix`` the name
        and stamp of the code matrix where code was judged, else None.

    Raises:
        CaseRejected: the case has not the shape of a case, or a correction is none that the table could hold.
    """
    try:
        table = catalogue.corrected(corrections)
    except TableError as exc:
        raise CaseRejected(str(exc)) from exc
    read = cases.read(case, table)
    judged = Judgement(read)
    binding = sorted(judged.binding, key=lambda one: -RANK[findings.severity(one.code)])
    return {
        "id": read.id,
        "verdict": findings.verdict(binding),
        "codes": findings.codes(binding),
        "findings": [one.as_json() for one in binding],
        "latent": [one.as_json() for one in judged.latent],
        "overridden": [{**one.as_json(), "override": dict(override.given)} for one, override in judged.overridden],
        "choices": judged.choices,
        "repairs": [],
        "table_digest": table.digest,
        "matrix": {"name": matrix.NAME, "stamp": matrix.stamp()} if judged.has_code else None,
    }
