"""Many judged at once say what each says alone."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from audits.kinds import license as licence_audit
from governance.catalog.models import Version
from governance.licensing.closure import graph_above
from governance.licensing.inputs import Reader
from governance.licensing.judging import judge_many
from governance.licensing.models import Correction, MetDuty, Override
from tests.factories import NOON, EntryFactory, UseCaseFactory, UserFactory, VersionFactory
from tests.governance.licensing.graphs import NON_COMMERCIAL, OPEN, STRICT, derive, work

pytestmark = pytest.mark.django_db
LICENCES = [OPEN, "mit", STRICT, NON_COMMERCIAL, "gemma", "gpl-3.0", "other", "???", None]


def drawn(seed: int) -> list[Version]:
    """Works in a tangle: merges, several paths, datasets, names that nobody knows, a ring."""
    source = random.Random(seed)  # noqa: S311 (a drawn graph)
    works = [work(f"acme/work-{seed}-{n}", source.choice(LICENCES)) for n in range(12)]
    rows = work(f"acme/rows-{seed}", "cc-by-sa-4.0", kind="dataset")
    for at, version in enumerate(works[1:], start=1):
        above = source.sample(works[:at], min(at, source.choice((1, 1, 2, 3))))
        relation = "merge" if len(above) > 1 else source.choice(("finetune", "adapter", "quantized"))
        derive(version, *above, relation=relation)
    derive(works[7], rows, relation="train_on")
    derive(works[9], EntryFactory(repo_id=f"acme/nowhere-{seed}"))
    derive(works[2], works[11])
    return works


@pytest.mark.parametrize("seed", range(4))
def test_judged_together_or_alone_they_say_the_same(seed: int) -> None:
    versions = drawn(seed)
    use_case = UseCaseFactory(licence_profile={"purpose": "commercial", "mode": "redistribute_weights", "mau": 1.5e9})
    said = {"author": UserFactory(), "made_at": NOON}
    MetDuty.objects.create(version=versions[5], use_case=use_case, code="O-ATTRIB", note="shown", **said)
    Override.objects.create(
        entry=versions[6].entry,
        code="C-NC",
        chain=[versions[0].entry.repo_id, "<artefact>"],
        reason="agreed",
        until=NOON + dt.timedelta(days=365),
        **said,
    )
    derive(versions[10], versions[3], relation="includes", revision=versions[3].revision)
    VersionFactory(entry=versions[3].entry, licenses=["mit"])
    reader = Reader(graph_above([one.pk for one in versions]))
    asked = [(one.pk, reader.inputs(one.pk, use_case=use)) for one in versions for use in (use_case, None)]

    together = [one.outcome() for one in judge_many(reader, asked)]

    for (_, inputs), outcome in zip(asked, together, strict=True):
        alone = licence_audit.outcome(inputs)
        assert (outcome.verdict, outcome.summary) == (alone.verdict, alone.summary)
        assert list(outcome.drafts) == list(alone.drafts)
        assert outcome.document["codes"] == alone.document["codes"]


def test_a_corrected_table_is_judged_by() -> None:
    base = work("acme/base", OPEN)
    version = work("acme/model", "mit", base)
    Correction.objects.create(
        licence=OPEN, column="use", value="nc", source_ref="s.1", reason="a test", author=UserFactory(), made_at=NOON
    )
    reader = Reader(graph_above([version.pk]))

    (outcome,) = judge_many(reader, [(version.pk, reader.inputs(version.pk, use_case=None))])

    assert outcome.verdict == "conflict"
