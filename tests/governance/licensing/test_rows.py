"""Rows that are written in lines are those that a worker stores one by one, byte by byte."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.digests import fingerprint, inputs_digest
from audits.kinds import license as licence_audit
from audits.models import Finding, Run
from governance.catalog.copying import as_copied, as_json, copy_lines
from governance.licensing.closure import graph_above
from governance.licensing.inputs import Reader
from governance.licensing.judging import Judged, judge_many
from governance.licensing.models import MetDuty
from governance.licensing.reassessing.rows import FINDING_COLUMNS, FindingLines
from licenses import bulk
from licenses.bulk import Template
from tests.factories import NOON, EntryFactory, UseCaseFactory, UserFactory
from tests.governance.licensing.graphs import (
    NON_COMMERCIAL,
    OPEN,
    STRICT,
    derive,
    import_again,
    line,
    reassess_all,
    work,
)
from tests.governance.licensing.test_judging import drawn
from tests.governance.world import World

ODD = 'acme/"100%(work)s\\ \t\n\x01work\x01'


def as_one_by_one(run_id: int, subject: str, judged: Judged) -> list[list[str]]:
    return [
        [
            str(run_id),
            one.code,
            one.severity,
            one.locus[:500],
            one.field,
            "\\N",
            as_json(one.params),
            fingerprint(kind=licence_audit.KIND, code=one.code, entry=subject[:255], locus=one.locus),
        ]
        for one in judged.outcome().drafts
    ]


def as_lines(run_id: int, subject: str, judged: Judged) -> list[list[str]]:
    lines = list(FindingLines().lines(run_id, subject, judged))
    assert all(one.endswith("\n") and one.count("\n") == 1 for one in lines)
    return [[_read(value) for value in one[:-1].split("\t")] for one in lines]


def _read(value: str) -> str:
    """As COPY reads a value."""
    marks = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
    return value if value == "\\N" else re.sub(r"\\(.)", lambda mark: marks[mark[1]], value)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_lines_of_findings_are_the_drafts_of_the_audit(seed: int) -> None:
    versions = drawn(seed)
    reader = Reader(graph_above([one.pk for one in versions]))
    asked = [(one.pk, reader.inputs(one.pk, use_case=None)) for one in versions]
    lines = FindingLines()

    written = 0
    for version, judged in zip(versions, judge_many(reader, asked), strict=True):
        ours = [
            [_read(value) for value in one[:-1].split("\t")] for one in lines.lines(7, version.entry.repo_id, judged)
        ]
        assert ours == as_one_by_one(7, version.entry.repo_id, judged)
        written += len(ours)

    assert written > 20


@pytest.mark.parametrize("name", ["acme/model", ODD, "acme/Модель", "acme/\U0001f600 \x00"])
@pytest.mark.parametrize("above", [0, 1])
def test_whatever_a_name_holds_is_written_as_it_would_be_alone(name: str, above: int) -> None:
    params = {"licence": "50 % (c) \\ tail", "name": "-", "work": "-", "caps": [1, 2.5, None, True]}
    if above:
        params |= {"other_chain": ["acme/other"], "combined_in": ""}
    shared = {"code": "C-NC", "severity": "conflict", "section": "s. 4 \\", "source": "https://example.org/%s"}
    found = [
        bulk.Found(Template(**shared, term=term, params=params, state=state, latent=False, key=(), above=above), *hops)
        for term in ("use", "hosted")
        for state in ("", "open")
        for hops in (((name, "acme/mid", "<artefact>"), ("merge", "adapter")), ((ODD, "<artefact>"), (ODD,)))
    ]
    judged = Judged(name, "conflict", ["C-NC"], found)

    ours = as_lines(3, name, judged)

    assert ours == as_one_by_one(3, name, judged)
    assert len(ours) == 2
    assert json.loads(ours[0][6])["terms"] == ["hosted", "use"]


def test_a_template_that_holds_a_mark_is_written_whole() -> None:
    template = Template(
        code="U-OTHER",
        severity="unknown",
        term="license",
        section="\x01work\x01",
        source="",
        params={"licence": "\x01name\x01"},
        state="",
        latent=False,
        key=(),
    )
    judged = Judged(
        "acme/model", "unknown", ["U-OTHER"], [bulk.Found(template, ("acme/base", "<artefact>"), ("merge",))]
    )

    assert as_lines(1, "acme/model", judged) == as_one_by_one(1, "acme/model", judged)


def test_what_is_not_a_number_is_refused_and_not_written_as_null() -> None:
    template = Template(
        code="C-USERCAP",
        severity="conflict",
        term="mau_cap",
        section="",
        source="",
        params={"value": float("nan")},
        state="",
        latent=False,
        key=(),
    )
    judged = Judged("acme/model", "conflict", ["C-USERCAP"], [bulk.Found(template, ("acme/base",), ())])

    with pytest.raises(ValueError, match="JSON compliant"):
        list(FindingLines().lines(1, "acme/model", judged))


@settings(max_examples=300)
@given(st.text())
def test_a_text_comes_out_of_copy_as_it_went_in(text: str) -> None:
    text = text.replace("\0", "")
    copied = as_copied(text)

    assert not set(copied) & {"\n", "\r", "\t"}
    assert _read(copied) == text


@pytest.mark.django_db
def test_lines_are_read_by_the_database_as_they_were_meant() -> None:
    run = Run.objects.create(
        kind="license",
        kind_version=1,
        subject_name="x",
        subject_digest="0" * 64,
        inputs={},
        inputs_digest="1" * 64,
        origin="observed",
        requested_at=NOON,
        time_limit_s=1,
    )
    template = Template(
        code="C-NC",
        severity="conflict",
        term="use",
        section="\\N",
        source="",
        params={"said": ODD},
        state="",
        latent=False,
        key=(),
    )
    judged = Judged(ODD, "conflict", ["C-NC"], [bulk.Found(template, (ODD, "<artefact>"), ("merge",))])

    copy_lines(Finding, FINDING_COLUMNS, FindingLines().lines(run.pk, ODD, judged))

    stored = Finding.objects.get(run=run)
    (draft,) = judged.outcome().drafts
    assert (stored.code, stored.severity, stored.locus, stored.field, stored.line, stored.params) == (
        draft.code,
        draft.severity,
        draft.locus,
        draft.field,
        None,
        draft.params,
    )


@pytest.mark.django_db
def test_clashes_of_combined_works_keep_the_whole_chain_of_the_other_work() -> None:
    merged = work("acme/merged", "mit", work("acme/a", "gpl-3.0"), work("acme/b", STRICT), relation="merge")
    below = work("acme/below", "mit", merged)
    reader = Reader(graph_above([below.pk]))
    inputs = reader.inputs(below.pk, use_case=None)

    (judged,) = judge_many(reader, [(below.pk, inputs)])

    alone = licence_audit.outcome(inputs)
    (clash,) = (one for one in judged.outcome().drafts if one.code == "C-MERGE")
    assert clash in alone.drafts
    assert clash.params["other_chain"][-1] == "<artefact>"


@pytest.mark.django_db
def test_a_stored_run_has_the_digest_of_its_inputs() -> None:
    world = World()
    base = line(OPEN, OPEN)[-1]
    derive(world.version, base)
    world.audited()
    MetDuty.objects.create(
        version=world.version,
        use_case=world.use_case,
        code="O-ATTRIB",
        note="shown",
        author=UserFactory(),
        made_at=NOON,
    )
    other = UseCaseFactory(licence_profile={"purpose": "research", "mode": "internal", "mau": 1.5e9})
    old = Run.objects.create(
        kind="license",
        kind_version=1,
        subject_name="x",
        subject_digest=world.version.digest,
        use_case=other.slug,
        inputs={},
        inputs_digest="1" * 64,
        origin="observed",
        requested_at=NOON,
        time_limit_s=1,
        state="succeeded",
        verdict="pass",
        finished_at=NOON,
    )
    derive(world.version, EntryFactory(repo_id="acme/2 точки: 1"))
    import_again("acme/work-0", NON_COMMERCIAL)
    reassess_all()

    stored = Run.objects.filter(kind="license", queue="scheduled").exclude(pk=old.pk)

    assert {one.use_case for one in stored} == {world.use_case.slug, other.slug}
    for run in stored:
        assert run.inputs_digest == inputs_digest(
            kind=run.kind,
            kind_version=run.kind_version,
            subject_digest=run.subject_digest,
            inputs=run.inputs | {"use_case": run.use_case},
            seed=run.seed,
            packages=run.packages,
        )
    assert stored.get(use_case=world.use_case.slug).inputs["attested"] == ["O-ATTRIB"]
