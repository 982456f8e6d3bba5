"""The audit kinds ``data`` and ``drift``: what they read, tell, store and refuse."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
import pytest
import rfc8785
from PIL import Image

from audits.cards.croissant import croissant
from audits.cards.provenance import LOOKED_FOR, provenance
from audits.kinds import data as data_kind
from audits.kinds import drift as drift_kind
from audits.kinds.base import SEVERITIES, InputsRejected, Interrupted, Outcome, get
from audits.measures.data.reasons import CODES as DATA_CODES
from audits.measures.drift.reasons import CODES as DRIFT_CODES
from audits.measures.tables.arrow import strings
from audits.measures.tables.decimals import decimal_commas
from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from tests.audits.measures.data.tables import csv, varied
from tests.audits.measures.data.test_pictures import scene
from tests.audits.measures.drift.test_tables import sample

ROWS = [f"{row},{'test' if i % 3 == 0 else 'train'},{i % 2}" for i, row in enumerate(varied(120))]
LEAKING = csv("number,text,split,label", [*ROWS, f"{varied(1)[0]},train,0"])
PLAN = {"label": "label", "split": "split"}


class Given:
    """What an audit is run on: uploads by their digest; remembers the progress it was told."""

    seed = 7

    def __init__(self, inputs: Mapping[str, Any], files: Mapping[str, bytes], *, stop: bool = False) -> None:
        self.inputs, self._files, self._stop = inputs, files, stop
        self.told: list[tuple[int, int | None]] = []

    def open_blob(self, sha256: str) -> IO[bytes]:
        return io.BytesIO(self._files[sha256])

    def progress(self, done: int, total: int | None) -> None:
        self.told.append((done, total))
        if self._stop:
            raise Interrupted


def given(table: bytes, *, stop: bool = False, **inputs: Any) -> Given:
    made = {"data": {"sha256": "t", "filename": "a.csv", "media_type": "text/csv"}, "plan": PLAN, **inputs}
    return Given(made, {"t": table, "card": b"---\nlicense: mit\n---\n# D\n"}, stop=stop)


def drifting(reference: bytes, current: bytes) -> Outcome:
    return drift_kind.run(
        Given({"reference": {"sha256": "r"}, "current": {"sha256": "c"}}, {"r": reference, "c": current})
    )


@pytest.mark.parametrize(("name", "more"), [("data", ("py3langid",)), ("drift", ())])
def test_the_audits_are_registered_with_their_verdicts_and_packages(name: str, more: tuple[str, ...]) -> None:
    assert get(name).verdicts == ("pass", "warn", "fail", "insufficient_data", "no_information")
    assert get(name).packages == ("numpy", "pyarrow", "scipy", *more)


def test_what_is_found_becomes_findings_and_figures_for_policies() -> None:
    outcome = data_kind.run(given(LEAKING))

    assert outcome.verdict == "fail"
    assert outcome.summary == {
        "rows_used": 121.0,
        "duplicate_rows": 1.0,
        "near_duplicate_rows": 0.0,
        "conflicting_label_rows": 0.0,
        "personal_data_columns": 0.0,
    }
    leak = next(draft for draft in outcome.drafts if draft.code == "data.split_leak")
    assert (leak.severity, leak.locus, leak.params["rows"]) == ("high", "test in train", 1)
    assert rfc8785.dumps(dict(outcome.document))


def test_what_was_not_measured_is_absent_from_the_figures() -> None:
    outcome = data_kind.run(given(csv("a,b", [f"{i % 7},{i % 3}" for i in range(60)]), plan={}))

    assert set(outcome.summary) == {"rows_used", "duplicate_rows", "personal_data_columns"}


def test_the_card_is_read_where_there_is_one() -> None:
    without, with_card = data_kind.run(given(LEAKING)), data_kind.run(given(LEAKING, card_sha256="card"))

    assert "data.provenance_missing" not in {draft.code for draft in without.drafts}
    assert "data.provenance_missing" in {draft.code for draft in with_card.drafts}


@pytest.mark.parametrize(
    ("said", "silent"),
    [
        ("Authors may opt out by writing to us.", False),
        ("Send a takedown request to the address below.", False),
        ("Pages whose robots.txt or ai.txt forbids it were left out.", False),
        ("Участники могут отозвать согласие в любое время.", False),
        ("Options of the loader are described below; the output is removed on request.", True),
    ],
)
def test_a_card_that_says_how_to_keep_out_is_told_from_one_that_does_not(said: str, silent: bool) -> None:
    read = provenance(f"---\nlicense: mit\n---\n# Data\n\n{said}\n".encode())

    assert ("opt_out" in read.missing) == silent
    assert len(read.missing) < LOOKED_FOR


def test_every_finding_has_the_severity_and_parameters_of_its_code() -> None:
    people = csv("number,text", [*varied(40), "1,ann.lee@mail.example"])
    drafts = [*data_kind.run(given(LEAKING, card_sha256="card")).drafts, *data_kind.run(given(people, plan={})).drafts]
    drafts += drifting(sample(1_500), sample(1_500, shift=0.5, seed=1)).drafts

    assert len(drafts) > 5
    for draft in drafts:
        severity, names = {**DATA_CODES, **DRIFT_CODES}[draft.code]
        assert draft.severity == severity
        assert severity in SEVERITIES
        assert set(names) <= set(draft.params)


def test_masked_examples_go_with_the_finding() -> None:
    outcome = data_kind.run(given(csv("number,text", [*varied(40), "1,ann.lee@mail.example"]), plan={}))

    (draft,) = [draft for draft in outcome.drafts if draft.code == "data.personal"]
    assert draft.params["examples"] == [{"shape": "xxx.xxx@xxxx.xxxxxxx", "rows": 1}]


def test_drift_of_two_uploads() -> None:
    outcome = drifting(sample(1_500), sample(1_500, shift=0.5, seed=1))

    assert outcome.verdict == "fail"
    assert outcome.summary == {"rows_used": 3_000.0, "columns_judged": 2.0, "columns_drifted": 2.0}
    assert {draft.code for draft in outcome.drafts} == {"drift.values_moved"}


def test_the_widest_rise_is_not_told_where_one_of_the_gaps_was_not_followed() -> None:
    def document(*rows: dict[str, Any]) -> dict[str, Any]:
        told = {"rows": {}, "judged": 0, "drifted": 0, "verdict": "insufficient_data", "reasons": ()}
        return {**told, "gaps": {"followed": [{"role": "gating", **row} for row in rows]}}

    assert drift_kind.outcome(document({"effect": 0.01}, {"effect": 0.02})).summary["fairness_gap_rise"] == 0.02
    assert "fairness_gap_rise" not in drift_kind.outcome(document({"effect": 0.01}, {"why": "no_time"})).summary


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"data": None}, "data_missing"),
        ({"plan": {"labl": "x"}}, "plan_key_unknown"),
        ({"plan": {"label": "nobody"}}, "column_missing"),
        ({"plan": {"label": "label", "split": "label"}}, "column_named_twice"),
        ({"plan": {"label": 3}}, "plan_value_wrong"),
        ({"plan": {"probabilities": {"1": "number", "0": "text"}}}, "label_missing"),
        ({"plan": {"sensitive": ["text"], "population": {"text": {"a": 0.2, "b": 0.3}}}}, "population_wrong"),
    ],
)
def test_inputs_that_cannot_be_used_are_rejected(inputs: dict[str, Any], code: str) -> None:
    with pytest.raises(InputsRejected) as rejected:
        data_kind.run(given(LEAKING, **inputs))

    assert rejected.value.code == code


@pytest.mark.parametrize(
    ("inputs", "code", "says"),
    [
        ({"current": {"sha256": "c"}}, "reference_missing", "reference table"),
        ({"reference": {"sha256": "r"}}, "current_missing", "current table"),
        ({"reference": {"sha256": "r"}, "current": {"sha256": "bad"}}, "not_a_table", "the current table"),
    ],
)
def test_tables_that_cannot_be_compared_are_rejected(inputs: dict[str, Any], code: str, says: str) -> None:
    files = {"r": sample(50), "c": sample(50), "bad": b"PAR1 and no more"}

    with pytest.raises(InputsRejected, match=says) as rejected:
        drift_kind.run(Given(inputs, files))

    assert rejected.value.code == code


def test_a_run_that_may_not_go_on_stops() -> None:
    with pytest.raises(Interrupted):
        data_kind.run(given(LEAKING, stop=True))


def as_base64(picture: Image.Image) -> str:
    stored = io.BytesIO()
    picture.save(stored, "PNG")
    return base64.b64encode(stored.getvalue()).decode()


def test_pictures_are_decoded_in_the_sandbox_and_compared_by_what_they_show() -> None:
    if probe().level < Level.L1:
        pytest.skip(f"pictures are not decoded here: {'; '.join(probe().lacking)}")
    random = np.random.default_rng(0)
    scenes = [scene(random) for _ in range(34)]
    cells = [*map(as_base64, scenes), as_base64(scenes[0].resize((50, 50))), "bm8gcGljdHVyZQ==", "no base64!", ""]
    table = csv("photo,split", [f"{cell},{'train' if at < 30 else 'test'}" for at, cell in enumerate(cells)])

    outcome = data_kind.run(given(table, plan={"images": "photo", "split": "split"}))

    pictures = outcome.document["pictures"]
    assert (pictures["of"], pictures["unreadable"], pictures["rows"], pictures["groups"]) == (35, 2, 2, 1)
    assert [(leak["split"], leak["other"], leak["rows"]) for leak in pictures["leaks"]] == [
        ("test", "train", 1),
        ("train", "test", 1),
    ]
    codes = {draft.code for draft in outcome.drafts}
    assert {"data.near_pictures", "data.split_leak_pictures", "data.pictures_unreadable"} <= codes
    # base64 is no text: nobody looks for words, people or copies in it
    assert not {"data.near_duplicates_not_searched", "data.personal", "data.language_undetermined"} & codes
    assert (outcome.verdict, outcome.summary["near_picture_rows"]) == ("fail", 2.0)
    assert cells[0][:40] not in rfc8785.dumps(dict(outcome.document)).decode()


def test_more_pictures_than_are_compared_are_counted_and_none_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million small pictures would be decoded for minutes before anybody said that they are too many."""
    monkeypatch.setattr("audits.measures.data.pictures.MAX_PICTURES", 3)
    monkeypatch.setattr("audits.adapters.pictures.Cell", None)  # whoever decodes one stumbles
    cells = ["AAAA", "AAAB", "AAAB", "", "AAAC", "AAAD"]

    outcome = data_kind.run(
        given(csv("photo,n", [f"{cell},{at}" for at, cell in enumerate(cells)]), plan={"images": "photo"})
    )

    pictures = outcome.document["pictures"]
    assert pictures == {
        **{"column": "photo", "of": 5, "files": 4},
        **{"measured": False, "why": "pictures", "limit": 3},
    }
    assert "data.pictures_too_many" in {draft.code for draft in outcome.drafts}
    assert outcome.verdict != "pass"


CROISSANT = {
    "@context": {"@vocab": "https://schema.org/", "rai": "http://mlcommons.org/croissant/RAI/"},
    "@type": "sc:Dataset",
    "name": "d",
    "license": "https://spdx.org/licenses/MIT.html",
    "creator": {"@type": "Person", "name": "A"},
    "inLanguage": ["en"],
    "rai:dataCollection": "asked people at a station; they may opt out",
    "http://mlcommons.org/croissant/RAI/dataBiases": "mornings only",
    "rai:dataUseCases": "  ",
    "distribution": [{"@type": "cr:FileObject", "contentSize": "12 B", "license": "x"}],
}


def test_a_croissant_file_says_what_the_card_leaves_out() -> None:
    said = croissant(json.dumps(CROISSANT).encode())

    assert said == {"licence", "creators", "languages", "creation", "limitations", "size", "opt_out"}
    hollow = {"license": [""], "isBasedOn": [{}], "creator": [{"@type": "Person", "name": " "}], "inLanguage": [None]}
    assert croissant(json.dumps({"@type": "Dataset", **hollow}).encode()) == set()
    context = given(LEAKING, card_sha256="card", croissant_sha256="croissant")
    context._files = {**context._files, "croissant": json.dumps(CROISSANT).encode()}
    (draft,) = [one for one in data_kind.run(context).drafts if one.code == "data.provenance_missing"]
    assert draft.params["fields"] == ["intended_uses", "personal_information", "sources"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[1]", b'{"@type": "Person"}', b"[" * 100_000, b'{"@type": {"a": 1}}', b"\xff{}", b" " * (6 << 20)],
)
def test_what_is_no_croissant_file_is_told_and_never_a_crash(raw: bytes) -> None:
    assert croissant(raw) is None
    context = given(LEAKING, croissant_sha256="croissant")
    context._files = {**context._files, "croissant": raw}

    assert "data.croissant_unreadable" in {draft.code for draft in data_kind.run(context).drafts}


def test_numbers_with_a_decimal_comma_are_named_and_not_guessed() -> None:
    rows = [f"{at},{at % 7};{'ab'[at % 2]}" for at in range(60)]
    german = csv("price;kind", rows)

    document = data_kind.run(given(german, plan={})).document
    found = [one for one in document["findings"] if one["code"] == "data.decimal_comma"]

    assert (document["format"], document["separator"]) == ("csv", ";")
    assert [(one["locus"], one["params"]["rows"]) for one in found] == [("price", 60)]
    drifted = drifting(german, german)
    assert "drift.decimal_comma" in {draft.code for draft in drifted.drafts}
    # lists of codes and texts are something else
    for other in ("1,2,3", "Oslo, 3", "1,5 kg"):
        assert decimal_commas(strings([other, "1,5"])) is None
    assert decimal_commas(strings(["1,234.5", "12,345,678", "7"])) is not None
