"""One button and no plan: models of columns and of pictures that run in the sandbox, and what must not pass."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.adapters import references
from audits.adapters.kept import FolderStore
from audits.adapters.signature import Signature, Tensor
from audits.kinds.stress import ALWAYS
from audits.measures.stress.images.corrupting import CORRUPTIONS
from audits.measures.stress.plan import stress_plan_from
from audits.measures.tables.loading import load_table
from audits.sandbox.levels import Isolation
from audits.stress import images, pictures, tables
from audits.stress.running import Stressed, stress
from audits.stress.subject import StressRefused

ort = pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
pytest.importorskip("PIL", reason="without requirements/models.txt no picture is read")
from tests.audits.stress import made  # noqa: E402 - the packages it needs may not be there

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def loan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.loan_model(tmp_path_factory.mktemp("unplanned") / "loan.onnx")


def of(model: Path, table: Path, isolation: Isolation, plan: Any = None, **how: Any) -> Stressed:
    asked = stress_plan_from({**ALWAYS, **(plan or {})})
    load = references.skops if model.suffix == ".skops" else references.onnx
    return stress(load(model), load_table(table), asked, isolation=isolation, seed=1, **how)


def codes(found: Stressed) -> list[str]:
    return [one["code"] for one in found.document["reasons"]]


def test_columns_in_their_order_are_judged_by_noise_and_all_else_is_told(
    loan: Path, isolation: Isolation, tmp_path: Path
) -> None:
    found = of(loan, made.loan_table(tmp_path / "loan.csv", rows=300), isolation)

    parts = found.document["parts"]
    assert set(parts) == {"tabular", "malformed", "determinism"}
    part = parts["tabular"]
    assert {row["relation"] for row in part["rows"] if row["role"] == "gating"} == {"noise"}
    assert {row["relation"] for row in part["rows"] if row["role"] != "gating"} == {
        *("missing", "above_range", "below_range", "unit"),
    }
    assert part["columns"] == {"names": list(made.LOAN), "known_by": "place"}
    assert part["plan"]["error"] == 0.01  # the default that is stated
    assert part["plan"]["units"].keys() == set(made.LOAN) - {"married"}  # a yes or no has no unit
    assert part["verdict"] == "pass"
    (order,) = [one for one in found.document["reasons"] if one["code"] == "stress.columns_by_place"]
    assert order["params"] == {"columns": list(made.LOAN), "n": 6}
    # by hand: the same noise, drawn by the same seed, turns as many right answers
    given, label = made.loans()
    session = ort.InferenceSession(str(loan), providers=["CPUExecutionProvider"])
    said = session.run(None, {"X": given[:300]})[0]
    (hardest,) = [row for row in part["rows"] if (row["relation"], row["severity"]) == ("noise", 5)]
    assert hardest["n"] == int((said == label[:300]).sum())
    assert 0 < hardest["value"] < 0.05


def test_columns_in_another_order_do_not_pass(loan: Path, isolation: Isolation, tmp_path: Path) -> None:
    """A table whose columns stand otherwise fits by their number; its labels show that it does not."""
    with made.loan_table(tmp_path / "loan.csv", rows=300).open(newline="") as opened:
        rows = list(csv.reader(opened))
    order = [5, 4, 3, 2, 1, 0, 6]
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join(",".join(row[at] for at in order) for row in rows) + "\n")

    found = of(loan, turned, isolation, parts=[tables.PART])

    assert found.document["verdict"] in ("insufficient_data", "no_information")
    assert "stress.columns_doubtful" in codes(found)


def test_what_cannot_be_matched_says_how_to_mend_it(loan: Path, isolation: Isolation, tmp_path: Path) -> None:
    rows = [line.split(",") for line in made.loan_table(tmp_path / "loan.csv", rows=40).read_text().splitlines()]
    odd = [*rows[:-1], ["many", *rows[-1][1:]]]
    for number, (lines, said) in enumerate(
        (
            ([row[:-1] for row in rows], "names no columns: bring the right answers too, in a column label"),
            ([row[1:] for row in rows], "takes 6 columns and names none, and the table has 5 beside label"),
            (odd, "'obrat' holds something else: encode it, or name the columns in the audit plan"),
        )
    ):
        table = tmp_path / f"{number}.csv"
        table.write_text("\n".join(",".join(row) for row in lines) + "\n")

        with pytest.raises(StressRefused, match=said) as refused:
            of(loan, table, isolation)

        assert refused.value.code == "nothing_to_stress"


def test_a_model_that_names_its_columns_is_given_them_and_one_of_numbers_is_judged_by_how_far_it_moves(
    isolation: Isolation, tmp_path: Path
) -> None:
    skops = pytest.importorskip("skops.io")
    pandas = pytest.importorskip("pandas")
    from sklearn.linear_model import LinearRegression

    given, _label = made.loans()
    frame = pandas.DataFrame(given[:200], columns=list(made.LOAN))
    takes = ["obrat", "hrat"]
    number = LinearRegression().fit(frame[takes], frame["loanprc"])
    model, table, kept = tmp_path / "named.skops", tmp_path / "rows.csv", FolderStore(tmp_path / "kept")
    skops.dump(number, model)
    # in another order, beside columns of which it knows nothing
    frame[list(reversed(made.LOAN))].assign(stray="x", label=frame["loanprc"]).to_csv(table, index=False)

    for tolerance, verdict in ((None, "pass"), (1e-9, "fail")):
        plan = {} if tolerance is None else {"tolerance": tolerance}
        found = of(model, table, isolation, plan, parts=[tables.PART], store=kept)

        part = found.document["parts"]["tabular"]
        quarters = np.quantile(number.predict(frame[takes]), [0.25, 0.75])
        assert part["columns"] == {"names": takes, "known_by": "name"}
        assert part["tolerance"] == pytest.approx(tolerance or 0.1 * (quarters[1] - quarters[0]), rel=1e-6)
        assert part["verdict"] == verdict
        assert "stress.numbers_within" in codes(found)
        (missing,) = [one for one in part["rows"] if (one["relation"], one["column"]) == ("missing", "obrat")]
        assert missing["refused"] == missing["lost"] > 0  # it says no to a row without a number, and goes on


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        ((None, 1, 16, 16), 200),
        ((None, 3, 224, 224), 79),
        ((None, 512, 512, 3), 60),
        ((None, 3, None, None), 200),
    ],
)
def test_of_large_pictures_fewer_are_drawn(shape: tuple[int | None, ...], drawn: int) -> None:
    takes = Signature((Tensor("X", "float32", shape),), (Tensor("label", "int64", (None,)),))

    assert pictures.sample_of(takes) == drawn


def test_a_model_that_always_says_the_same_passes_nothing(isolation: Isolation, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    given, label = made.loans()
    model = LogisticRegression().fit(given[:300], label[:300])
    model.coef_[:], model.intercept_[:] = 0.0, 5.0
    same = made.onnx_of(model, tmp_path / "same.onnx", len(made.LOAN), kind="double")

    plan = {"tabular": {"columns": list(made.LOAN), "draws": 1}}
    found = of(same, made.loan_table(tmp_path / "loan.csv", rows=60), isolation, plan, parts=[tables.PART])

    assert found.document["verdict"] == "no_information"
    assert "stress.constant_prediction" in codes(found)


def test_pictures_are_corrupted_in_every_way_and_an_unknown_scale_does_not_pass(
    isolation: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "SAMPLE", 40)
    table, model = made.digit_table(tmp_path / "digit.csv", rows=60), made.digit_model(tmp_path / "flat.onnx")
    square = made.squared(model, tmp_path / "square.onnx")

    found = of(square, table, isolation)

    part = found.document["parts"]["images"]
    assert set(found.document["parts"]) == {"images", "malformed", "determinism"}
    assert (found.document["rows_used"], found.document["rows_of"]) == (40, 60)
    assert {row["corruption"] for row in part["corruptions"]} == set(CORRUPTIONS) - {"saturate", "elastic_transform"}
    assert {len(row["curve"]) for row in part["corruptions"]} == {5}
    assert {"stress.pictures_by_default", "stress.sampled"} <= set(codes(found))
    assert part["verdict"] == "fail"
    # given on a scale that it was not made for, it answers with nothing that has to do with the labels
    dark = made.squared(model, tmp_path / "dark.onnx", divide_by=1e9)
    unsure = of(dark, table, isolation, {"images": {}} | {"rows": 40}, parts=[images.PART])
    assert "stress.pictures_doubtful" not in codes(unsure)  # the plan says that this is its scale
    unsure = of(dark, table, isolation, {"rows": 40}, parts=[images.PART])
    assert unsure.document["verdict"] in ("no_information", "insufficient_data", "fail")
    assert "stress.pictures_doubtful" in codes(unsure)
    bare = tmp_path / "bare.csv"
    bare.write_text("\n".join(line.rpartition(",")[0] for line in table.read_text().splitlines()) + "\n")
    with pytest.raises(StressRefused, match="divide_by") as refused:
        of(square, bare, isolation)
    assert refused.value.code == "labels_needed"
