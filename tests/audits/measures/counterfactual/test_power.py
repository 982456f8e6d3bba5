"""What keeps a counterfactual audit from passing: answers that any edit changes, and pairs that were left out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audits.measures.counterfactual.made import HEAD, audited, codes, only, table_of, texts

TEXTS = (*HEAD, "text")


def unique(n: int) -> list[tuple[object, ...]]:
    """Every answer differs from every other one, as free texts do."""
    return texts(*((1, f"o{at}", f"c{at}", f"k{at}") for at in range(n)))


def test_answers_that_are_all_different_say_nothing() -> None:
    document = audited(table_of(unique(300)))

    row = only(document)
    assert (row["value"], row["ci_low"] <= 0 <= row["ci_high"]) == (0, True)
    assert (document["verdict"], row["verdict"]) == ("no_information", "no_information")
    assert codes(document) == ["counterfactual.nothing_stable"]
    assert document["reasons"][0]["params"]["control_rate"] == 1


@pytest.mark.parametrize(
    ("kept", "changed", "verdict", "code"),
    [
        # the share of answers that a control edit changes too: 95 %, 60 %, 45 %, 5 %
        (100, 1_900, "no_information", "counterfactual.nothing_stable"),
        (800, 1_200, "insufficient_data", "counterfactual.answers_unstable"),
        (1_100, 900, "pass", ""),
        (1_900, 100, "pass", ""),
    ],
)
def test_the_more_answers_a_control_changes_the_less_can_be_seen(
    kept: int, changed: int, verdict: str, code: str
) -> None:
    half = changed // 2
    document = audited(table_of(texts((kept, "1", "1", "1"), (half, "1", "0", "0"), (half, "0", "1", "1"))))

    assert document["verdict"] == verdict
    assert codes(document) == ([code] if code else [])


def test_an_effect_among_the_answers_that_a_control_leaves_alone_is_not_thinned_out_by_the_others() -> None:
    """4 % of all answers follow the identity: of those that an edit leaves alone it is 8 %."""
    rows = texts((920, "1", "1", "1"), (80, "1", "0", "1"), (1_000, "1", "0", "0"))
    steady = texts((1_920, "1", "1", "1"), (80, "1", "0", "1"))

    assert only(audited(table_of(rows)))["value"] == only(audited(table_of(steady)))["value"] == 0.04
    assert audited(table_of(steady))["verdict"] == "pass"
    assert audited(table_of(rows))["verdict"] != "pass"


def test_an_effect_beyond_an_unstable_control_still_fails() -> None:
    document = audited(table_of(texts((100, "1", "1", "1"), (300, "1", "0", "1"), (600, "1", "0", "0"))))

    assert document["verdict"] == "fail"


@pytest.mark.parametrize("blank", ["counterfactual", "control"])
@pytest.mark.parametrize(("left", "verdict"), [(10, "pass"), (100, "insufficient_data")])
def test_leaving_out_what_changed_does_not_help(blank: str, left: int, verdict: str) -> None:
    kept = texts((500, "1", "1", "1"), (5, "0", "0", "0"))
    rows = [(f"y{row[0]}", f"y{row[1]}", *row[2:]) for row in texts((left, "1", "0", "1"))]
    rows = [(*row[:4], "", row[5]) if row[3] == blank else row for row in rows]

    document = audited(table_of([*kept, *rows]))

    row = only(document)
    assert (document["verdict"], row["n"], row["value"]) == (verdict, 505, 0)
    assert (row["unanswered"], row["without_control"]) == ((left, 0) if blank == "counterfactual" else (0, left))
    assert row["at_worst"] == pytest.approx(left / (505 + left))
    assert ("counterfactual.left_out_matters" in codes(document)) == (verdict != "pass")


def test_pairs_without_a_control_whose_answer_stayed_are_no_worry() -> None:
    rows = texts((500, "1", "1", "1"), (5, "0", "0", "0")) + [
        (f"y{row[0]}", f"y{row[1]}", *row[2:]) for row in texts((500, "1", "1", "-"))
    ]

    assert audited(table_of(rows))["verdict"] == "pass"


@pytest.mark.parametrize("answers", [("1", "0", "-"), ("1", "-", "1"), ("1", "", "1")])
def test_an_identity_of_whom_nothing_is_known_keeps_the_run_from_passing(answers: tuple[str, str, str]) -> None:
    rows = texts((500, "1", "1", "1"), (5, "0", "0", "0"))
    third = [(f"y{row[0]}", f"y{row[1]}", "c" if row[2] == "b" else "a", *row[3:]) for row in texts((200, *answers))]
    if answers[1] == "-":
        # the row is there and has no answer
        third += [(f"yx{at}", f"yt{at}", "c", "counterfactual", "", "") for at in range(1, 201)]

    document = audited(table_of(rows + third))

    assert [(row["other"], row["verdict"]) for row in document["comparisons"]] == [
        ("b", "pass"),
        ("c", "insufficient_data"),
    ]
    assert document["verdict"] == "insufficient_data"


def worded(rows: list[tuple[object, ...]], say: Any) -> list[tuple[object, ...]]:
    return [(*row, say(*row)) for row in rows]


def test_a_control_that_is_the_swap_again_controls_nothing() -> None:
    rows = texts((100, "1", "1", "1"), (400, "1", "0", "0"))
    honest = worded(rows, lambda text_id, _t, _i, role, *_: f"{text_id} {role}")
    swapped = worded(rows, lambda text_id, _t, _i, role, *_: f"{text_id} {'x' if role == 'original' else 'swapped'}")
    unedited = worded(rows, lambda text_id, _t, _i, role, *_: f"{text_id} {role == 'counterfactual'}")

    assert only(audited(table_of(honest, TEXTS)))["n"] == 500
    for table in (swapped, unedited):
        document = audited(table_of(table, TEXTS))
        assert (only(document)["n"], document["verdict"]) == (0, "insufficient_data")
        assert document["rows_dropped"] == {"control_is_none": 500}


def test_a_swap_that_swaps_nothing_is_no_pair() -> None:
    rows = texts((100, "1", "0", "1"), (400, "1", "1", "1"))
    table = worded(
        rows,
        lambda text_id, _t, _i, role, *_: (
            f"{text_id} {role}"
            if int(str(text_id)[1:]) <= 100
            else (f"{text_id} {'edited' if role == 'control' else ''}")
        ),
    )

    document = audited(table_of(table, TEXTS))

    assert (only(document)["pairs"], document["verdict"]) == (100, "fail")
    assert document["rows_dropped"] == {"swap_changes_nothing": 400}


def test_copies_of_one_text_count_as_one_template_whatever_templates_they_name() -> None:
    rows = texts((500, "1", "1", "1"))
    other = [(f"y{row[0]}", f"y{row[1]}", *row[2:]) for row in texts((5, "0", "0", "0"))]
    table = worded(rows, lambda _id, _t, identity, role, *_: f"{identity} {role}")
    table += worded(other, lambda text_id, _t, _i, role, *_: f"{text_id} {role}")

    document = audited(table_of(table, TEXTS))

    assert (only(document)["templates"], document["verdict"]) == (6, "insufficient_data")
    (reason,) = [one["params"] for one in document["reasons"] if one["code"] == "counterfactual.copies"]
    assert reason == {"copies": 499, "of": 505}
    apart = worded(rows + other, lambda text_id, _t, _i, role, *_: f"{text_id} {role}")
    assert audited(table_of(apart, TEXTS))["verdict"] == "pass"


def test_a_direction_that_few_templates_have_is_no_proof_of_one() -> None:
    apart = texts((60, "1", "1", "1"), (40, "1", "0", "1"), (20, "0", "1", "0"))
    together = [(row[0], f"t{int(str(row[0])[1:]) % 3}", *row[2:]) for row in apart]
    alike = [(row[0], f"t{int(str(row[0])[1:]) // 21}", *row[2:]) for row in apart]

    assert only(audited(table_of(apart)))["direction"]["p"] < 0.05
    for table in (together, alike):
        direction = only(audited(table_of(table)))["direction"]
        assert (direction["only_identity"], direction["only_other"]) == (40, 20)
        assert direction["p"] > 0.05


@pytest.mark.parametrize("lost", ["role", "identity", "original"])
@pytest.mark.parametrize(("rows", "verdict"), [(10, "pass"), (100, "insufficient_data")])
def test_changed_answers_do_not_disappear_with_their_name(lost: str, rows: int, verdict: str) -> None:
    kept = texts((500, "1", "1", "1"), (5, "0", "0", "0"))
    changed = [(f"y{row[0]}", f"y{row[1]}", *row[2:]) for row in texts((rows, "1", "0", "1"))]
    changed = [row for row in changed if row[3] == "counterfactual"]
    if lost == "role":
        changed = [(*row[:3], "", *row[4:]) for row in changed]
    elif lost == "identity":
        changed = [(*row[:2], "", *row[3:]) for row in changed]

    document = audited(table_of([*kept, *changed]))

    assert (document["verdict"], sum(document["rows_dropped"].values())) == (verdict, rows)
    assert ("counterfactual.nameless_matter" in codes(document)) == (verdict != "pass")
