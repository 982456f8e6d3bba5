"""Stress over a table of answers: made, answered somewhere else, and audited without anything being run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from audits.adapters.answered import Answered, AnswersMissing
from audits.kinds import stress as stress_kind
from audits.kinds.base import InputsRejected
from audits.sandbox.levels import Isolation, Level
from tests.audits.stress.test_stress import Given
from tests.audits.test_text_commands import call

THINGS = ("film", "day", "meal", "book", "walk", "house", "song", "talk", "town", "road")
ROWS = [(f"a {('good', 'bad')[at % 2]} {THINGS[at % 10]}, said {at}", "no" if at % 2 else "yes") for at in range(80)]
FAMILIES = ("keyboard_typos", "lower_case", "lost_punctuation")


def says(text: str) -> str:
    """A model that hangs on one word, and on there being a comma."""
    return "yes" if "good" in text and "," in text else "no"


@pytest.fixture(autouse=True)
def _nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no model may be."""
    monkeypatch.setattr("audits.sandbox.probing.probe", lambda: Isolation(Level.L0, lacking=("no walls",)))


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """The questions of an audit."""
    texts, made = tmp_path / "texts.csv", tmp_path / "asked.csv"
    written = io.StringIO()
    csv.writer(written).writerows([("text", "label"), *ROWS])
    texts.write_text(written.getvalue())
    code, told = call("make_stress", str(texts), "--families", *FAMILIES, "--out", str(made), "--format", "json")
    assert (code, json.loads(told)["texts"]) == (0, 80)
    return made


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def answer(path: Path, *, model: Callable[[str], str | None] = says) -> bytes:
    """The table with every answer of a model; a row that it does not answer stays empty."""
    rows = rows_of(path)
    written = io.StringIO()
    out = csv.DictWriter(written, list(rows[0]))
    out.writeheader()
    out.writerows({**row, "prediction": model(row["text"]) or ""} for row in rows)
    path.write_bytes(written.getvalue().encode())
    return path.read_bytes()


def audited(path: Path, *options: str) -> tuple[int, dict[str, Any]]:
    code, told = call(
        "audit_text", "answers:prediction", str(path), "--families", *FAMILIES, *options, "--format", "json"
    )
    return code, json.loads(told)


def test_figures_are_those_of_a_count_over_the_table(asked: Path) -> None:
    answer(asked)
    rows = rows_of(asked)

    code, document = audited(asked)

    texts = document["parts"]["texts"]
    assert (code, document["verdict"]) == (1, "fail")
    assert (document["rows_used"], document["rows_of"]) == (80, 80)
    assert [row["text"] for row in rows[:80]] == [text for text, _ in ROWS]
    assert len({row["text"] for row in rows}) == len(rows)  # no text is asked about twice
    right = sum(says(text) == label for text, label in ROWS)
    assert texts["clean"]["k"] == right == 80
    by_name = {one["family"]: one for one in texts["families"]}
    # every text has its only comma taken away, and the model goes by it
    lost = by_name["lost_punctuation"]["curve"][0]["flips"]
    assert (lost["k"], lost["n"]) == (40, 80)
    # nothing to make small is among the letters
    assert by_name["lower_case"]["judged"] is None
    turned = {row["text"] for row in rows[80:] if row["family"] == "keyboard_typos" and says(row["text"]) == "no"}
    typos = [one for one in by_name["keyboard_typos"]["examples"] if one["before"] == "yes"]
    assert typos
    assert {one["changed"] for one in typos} <= turned
    # what a table cannot tell is not in it, and said
    assert set(document["parts"]) == {"texts"}
    assert document["execution"]["origin"] == "declared"
    assert document["execution"]["isolation"] is None
    assert document["reasons"][0]["code"] == "stress.answers_given"
    assert audited(asked)[1]["digest"] == document["digest"]


def test_a_text_without_an_answer_ends_the_audit(asked: Path) -> None:
    answer(asked, model=lambda text: None if "town" in text else says(text))

    with pytest.raises(CommandError, match="have no answer.*make the table with make_stress") as refused:
        audited(asked)

    assert refused.value.returncode == 2


def test_questions_of_another_seed_are_no_answers_to_this_one(asked: Path) -> None:
    answer(asked)

    with pytest.raises(CommandError, match="80 of 80 texts .* have no answer"):
        audited(asked, "--seed", "1")


def test_a_text_with_two_answers_is_refused() -> None:
    assert Answered(["a", "b", "a", "c"], ["x", "y", "x", None]).answers == {"a": "x", "b": "y"}
    with pytest.raises(AnswersMissing, match="the same text has two answers") as refused:
        Answered(["a", "a"], ["x", "y"])
    assert refused.value.code == "answers_differ"
    # another answer is another model
    assert Answered(["a"], ["x"]).digest != Answered(["a"], ["y"]).digest


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("prediction", "answer"), "answers_column_missing"),
        (("severity", "how hard"), "answers_column_missing"),
        ((",0,", ",1,"), "answers_without_texts"),
    ],
)
def test_a_table_that_is_none_of_answers_is_refused(asked: Path, change: tuple[str, str], code: str) -> None:
    table = answer(asked).decode().replace(*change).encode()

    with pytest.raises(InputsRejected) as refused:
        stress_kind.run(Given(table=table, plan={"model": "answers", "families": list(FAMILIES)}))

    assert refused.value.code == code


def test_half_a_character_goes_into_lines_of_json(tmp_path: Path) -> None:
    texts, made = tmp_path / "texts.jsonl", tmp_path / "asked.jsonl"
    texts.write_text("".join(json.dumps({"text": f"plain {at}"}) + "\n" for at in range(3)))

    code, _ = call("make_stress", str(texts), "--families", "upper_case", "--severity", "5", "--out", str(made))

    lines = [json.loads(line) for line in made.read_text().splitlines()]
    assert code == 0
    assert [line["severity"] for line in lines] == [0, 0, 0, 5, 5, 5]
    assert lines[3]["text"].isupper() or lines[3]["text"] != lines[0]["text"]
