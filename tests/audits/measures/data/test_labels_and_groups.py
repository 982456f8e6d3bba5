"""Labels, groups, texts and columns of a data set, against what was planted and against second paths."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from audits.measures.data.columns import COMPOSED, normalised
from audits.measures.data.labels import auc, confident_learning
from audits.measures.data.texts import formulas, length_outliers, mixed_scripts, mojibake, scripts
from audits.measures.tables.arrow import strings
from tests.audits.measures.data.tables import audited, chances, codes, csv, found, varied
from tests.audits.measures.made import examples


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=80))
@settings(max_examples=examples(100), deadline=None)
def test_area_is_that_of_scikit_learn(pairs: list[tuple[int, bool]]) -> None:
    score, positive = np.array([float(pair[0]) for pair in pairs]), np.array([pair[1] for pair in pairs])
    if positive.all() or not positive.any():
        with pytest.raises(ValueError, match="both classes"):
            auc(score, positive)
        return

    found_area = auc(score, positive)

    area = roc_auc_score(positive, score)
    assert found_area.value == pytest.approx(max(area, 1 - area))
    assert 0.5 <= found_area.low <= found_area.value


def test_a_feature_that_is_the_label_by_another_name_is_found() -> None:
    rows = [f"{row},{i % 2},{'yes' if i % 2 else 'no'},{i % 2 * 5 + i / 1000:.4f}" for i, row in enumerate(varied(200))]

    document = audited(csv("number,text,label,paid,amount", rows), label="label")

    assert found(document, "data.target_leak", "paid")["auc"] == 1.0
    assert found(document, "data.target_leak", "amount")["auc"] == 1.0
    assert {one["locus"] for one in document["findings"] if one["code"] == "data.target_leak"} == {"paid", "amount"}


@pytest.mark.parametrize("values", [2, 10])
def test_noise_gives_no_label_away(values: int) -> None:
    chance = chances(values)
    rows = [f"{row},{chance.randrange(2)},{chance.randrange(values)}x" for row in varied(400)]

    document = audited(csv("number,text,label,noise", rows), label="label")

    told = {row["column"]: row["auc"] for row in document["target_leaks"]}
    assert told["noise"] < 0.65
    assert "data.target_leak" not in codes(document)


def test_planted_label_errors_are_found() -> None:
    random_ = np.random.default_rng(0)
    true = random_.integers(0, 3, 3_000)
    probabilities = random_.dirichlet(np.ones(3), 3_000) * 0.1
    probabilities[np.arange(3_000), true] += 0.9
    given_labels = true.copy()
    wrong = random_.choice(3_000, 150, replace=False)
    given_labels[wrong] = (true[wrong] + 1) % 3

    errors = confident_learning(probabilities, given_labels)

    planted = np.zeros(3_000, dtype=bool)
    planted[wrong] = True
    assert errors.suspected[planted].mean() > 0.95
    assert errors.suspected[~planted].mean() < 0.01
    assert (errors.likely[planted & errors.suspected] == true[planted & errors.suspected]).all()
    assert errors.joint.sum(axis=1) == pytest.approx(np.bincount(given_labels, minlength=3))


def test_the_confident_joint_is_that_of_the_paper_written_out() -> None:
    random_ = np.random.default_rng(1)
    probabilities = random_.dirichlet(np.ones(4), 300)
    given_labels = np.concatenate([np.arange(4), random_.integers(0, 4, 296)])

    errors = confident_learning(probabilities, given_labels)

    limits = [probabilities[given_labels == j, j].mean() for j in range(4)]
    for row in range(300):
        reached = [j for j in range(4) if probabilities[row, j] >= limits[j]]
        best = max(reached, key=lambda j, row=row: probabilities[row, j]) if reached else given_labels[row]  # type: ignore[misc]
        assert errors.suspected[row] == (best != given_labels[row])


@pytest.mark.parametrize(
    ("column", "why"),
    [("0.9", None), ("1.7", "not_a_probability"), ("often", "not_a_number"), ("0.5", "do_not_add_up")],
)
def test_probabilities_that_are_none_are_not_used(column: str, why: str | None) -> None:
    rows = [f"{row},{i % 2},{column},0.1" for i, row in enumerate(varied(60))]

    document = audited(csv("number,text,label,p0,p1", rows), label="label", probabilities={"0": "p0", "1": "p1"})

    if why is None:
        assert document["label_errors"]["measured"] is True
    else:
        assert document["label_errors"] == {"measured": False, "why": why}
        assert found(document, "data.label_errors_not_measured")["why"] == why


def test_rare_classes_and_missing_labels_are_told() -> None:
    labels = ["a"] * 900 + ["b"] * 60 + ["c"] * 5 + [""] * 10
    document = audited(
        csv("number,text,label", [f"{r},{v}" for r, v in zip(varied(975), labels, strict=True)]), label="label"
    )

    assert found(document, "data.class_imbalance")["value"] == "b"
    assert found(document, "data.class_tiny")["value"] == "c"
    assert found(document, "data.label_missing")["rows"] == 10
    assert [row["n"] for row in document["classes"]] == [900, 60, 5]


def test_cells_that_are_empty_for_one_group_are_told_with_an_interval() -> None:
    chance = chances(0)
    rows = []
    for i, row in enumerate(varied(1_000)):
        group = "fm"[i % 2]
        income = "" if chance.random() < (0.4 if group == "f" else 0.1) else str(chance.randrange(1000))
        noise = "" if chance.random() < 0.2 else str(chance.randrange(1000))
        rows.append(f"{row},{group},{income},{noise}")

    document = audited(csv("number,text,sex,income,noise", rows), sensitive=("sex",))

    gap = found(document, "data.missing_by_group")
    assert (gap["column"], gap["group"], gap["other"]) == ("income", "f", "m")
    assert gap["low"] < gap["share"] < gap["high"]
    table = next(table for table in document["missing_by_group"] if table["column"] == "income")
    empty = [[row["k"], row["n"] - row["k"]] for row in table["groups"]]
    test = next(test for test in document["missing_tests"] if test["column"] == "income")
    assert test["p"] == pytest.approx(stats.chi2_contingency(empty, correction=False).pvalue, rel=1e-6)


def test_groups_of_a_few_people_are_counted_and_not_shown() -> None:
    rows = [f"{row},{'x' if i < 4 else 'y' if i < 24 else 'z'}" for i, row in enumerate(varied(200))]

    document = audited(csv("number,text,group", rows), sensitive=("group",))

    shown = {row["group"]: row["n"] for row in document["representation"][0]["groups"]}
    assert shown == {"x": None, "y": 20, "z": 176}
    assert found(document, "data.group_tiny") == {"attribute": "group", "groups": 2, "rows": 24, "min_rows": 30}


def test_a_share_beside_a_known_population() -> None:
    rows = [f"{row},{'f' if i % 10 < 3 else 'm'}" for i, row in enumerate(varied(1_000))]

    document = audited(csv("number,text,sex", rows), sensitive=("sex",), population={"sex": {"f": 0.51, "m": 0.49}})

    finding = found(document, "data.represented_otherwise")
    assert (finding["share"], finding["population_share"]) in [(0.3, 0.51), (0.7, 0.49)]
    expected = stats.chisquare([300, 700], [510, 490]).pvalue
    assert document["representation"][0]["population"]["p"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("text", ["Привет, как дела", "café naïve", "“quoted” — text"])
@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "latin-1"])
def test_text_read_in_a_wrong_encoding_is_seen(text: str, encoding: str) -> None:
    try:
        broken = text.encode().decode(encoding)
    except UnicodeDecodeError:
        pytest.skip("these bytes are no text in this encoding")

    assert mojibake([broken, text]).tolist() == [True, False]


def test_ordinary_words_of_many_languages_are_not_garbled() -> None:
    words = ["Ça va, Âge", "São Paulo", "РОССИЯ и СССР", "Ñandú", "â la carte", "Ёжик Ржев", "naïve Ð", "Гёте", "ÃÂ"]

    assert not mojibake(words[:-1]).any()


def test_letters_are_counted_by_script() -> None:
    counted = scripts(["Hello мир", "2026", "日本 ok"])

    assert counted.sum(axis=0)[:3].tolist() == [7, 0, 3]
    assert counted.sum(axis=1).tolist() == [8, 0, 4]


def test_look_alike_letters_and_formulas_are_seen() -> None:
    assert mixed_scripts(["pаypal", "мир", "peace мир"]).tolist() == [True, False, False]
    dangerous = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|x"]
    assert formulas([*dangerous, "-5", "+7.5", "-1.5e3", "a=b", "-"]).tolist() == [True] * 4 + [False] * 5


def test_lengths_far_out_are_told_and_equal_ones_are_not() -> None:
    found_ = length_outliers(np.array([1, 40, 50, 60, 9_000]), np.array([1, 50, 50, 50, 2]))
    equal = length_outliers(np.array([40]), np.array([100]))

    assert found_.outside.tolist() == [True, False, False, False, True]
    assert not equal.outside.any()


def test_columns_are_told_by_their_look() -> None:
    rows = [f"{i},{row},same,,{i % 3},{'ab'[i % 2]}" for i, row in enumerate(varied(60))]

    document = audited(csv("id,number,text,const,void,code,letter", rows))

    assert {row["column"]: row["kind"] for row in document["columns"]} == {
        "id": "id",
        "number": "number",
        "text": "text",
        "const": "constant",
        "void": "empty",
        "code": "number",
        "letter": "category",
    }
    assert {"data.constant", "data.empty", "data.id_like"} <= codes(document)


def test_nothing_can_be_said_of_constant_columns_or_of_a_row() -> None:
    assert audited(csv("a,b", ["1,x"] * 50))["verdict"] == "no_information"
    assert audited(csv("a,b", ["1,x"]))["verdict"] == "insufficient_data"
    assert audited(csv("number,text", varied(29)))["verdict"] == "insufficient_data"
    assert audited(csv("number,text", varied(30)))["verdict"] == "pass"


def test_few_rows_do_not_hide_what_is_grave() -> None:
    assert audited(csv("a,b", ["1,ann.lee@mail.example", "2,x"]))["verdict"] == "fail"


def test_texts_that_are_left_as_they_are_would_not_have_been_changed() -> None:
    """Composing and evening out are left to the texts that need them; what is left alone is what they would give."""
    every = [chr(point) for point in range(1, 0x11000) if not 0xD800 <= point < 0xE000]
    ranges = re.sub(r"x{([0-9a-f]+)}", lambda point: f"u{point[1]:0>4}", COMPOSED)
    left = re.findall(f"[{ranges}]", "".join(every))
    joining = {last for char in every for last in unicodedata.normalize("NFD", char)[1:]}

    assert len(left) > 30_000
    assert [char for char in left if unicodedata.normalize("NFC", char) != char] == []
    assert joining.isdisjoint(left)
    odd = [
        "a\tb",
        "a  b",
        " \u0438\u0306 ",
        "e\u0301",
        "\u212b",
        "a\u00a0\u00a0b",
        "\v",
        "",
        "plain",
        None,
        "\u1100\u1161",
    ]
    plain = [None if one is None else re.sub(r"[\t\n\f\r ]+", " ", unicodedata.normalize("NFC", one)) for one in odd]
    assert normalised(strings(odd)).to_pylist() == plain
    assert normalised(strings(["plain"])).to_pylist() == ["plain"]
