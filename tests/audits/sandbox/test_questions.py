"""Questions that are put ahead of answers: each answer is that of its question, whatever becomes of the others."""

from __future__ import annotations

import itertools
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audits.sandbox.cell import Cell
from audits.sandbox.lending import LEAST, MOST, Lending
from audits.sandbox.levels import Level
from audits.sandbox.limits import MB, Limits
from audits.sandbox.probing import probe
from audits.sandbox.refusals import Refused, Stopped

pytestmark = pytest.mark.sandbox

ECHO = """
def serve(channel):
    while (asked := channel.receive()) is not None:
        head, body = asked
        if head.get("dies"):
            raise SystemExit(3)
        if head.get("refuses"):
            channel.send({"error": {"code": "no", "message": "not this one"}})
            continue
        if head.get("writes"):
            body[:1] = b"w"
        channel.send({"n": head["n"]}, body, b"", body[:1])
"""
KEEPS = """
def serve(channel):
    kept = []
    while (asked := channel.receive(borrows=True)) is not None:
        kept.append(asked[1])
        channel.send({"readonly": asked[1].readonly}, *[body[:1] for body in kept])
"""


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    if probe().level < Level.L1:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    program = tmp_path_factory.mktemp("program") / "echo.py"
    program.write_text(ECHO)
    with Cell(program, isolation=probe(), lowest=Level.L1) as running:
        yield running


def numbered(pulled: list[int], *, size: int = 1) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    for n in itertools.count():
        pulled.append(n)
        yield {"n": n}, [b"", bytes([n % 256]) * size, b"!"]


@pytest.mark.parametrize("size", [0, 1, LEAST - 2, LEAST - 1, 3 * MB, MOST - 1, MOST])
def test_answers_come_in_the_order_of_questions_however_large_these_are(cell: Cell, size: int) -> None:
    asked = itertools.islice(numbered([], size=size), 6)

    found = [(head["n"], bytes(body)) for head, body in cell.ask_each(asked)]

    for n, (told, body) in enumerate(found):
        sent = bytes([n]) * size + b"!"
        assert told == n
        assert body == sent + sent[:1]
    assert len(found) == 6


def test_what_a_program_does_to_a_question_changes_no_other(cell: Cell) -> None:
    questions = [({"n": n, "writes": n == 0}, [b"r" * MB]) for n in range(4)]

    assert [bytes(body[:1]) for _, body in cell.ask_each(questions)] == [b"w", b"r", b"r", b"r"]


def test_who_borrows_a_question_has_it_until_it_is_answered(cell: Cell, tmp_path: Path) -> None:
    program = tmp_path / "keeps.py"
    program.write_text(KEEPS)

    with Cell(program, isolation=cell.isolation, lowest=Level.L1) as other:
        found = [(head["readonly"], bytes(body)) for head, body in other.ask_each([({}, [x * MB]) for x in letters(4)])]

    assert all(readonly for readonly, _ in found)
    assert [body[-1:] for _, body in found] == list(letters(4))
    assert len(set(found[-1][1])) < 4, "two lie where the two before them lay"


def letters(count: int) -> Iterator[bytes]:
    return (bytes([ord("a") + n]) for n in range(count))


def test_questions_go_through_the_pipe_where_no_memory_can_be_lent(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str, flags: int) -> int:
        raise OSError(f"{name} {flags}")

    monkeypatch.setattr(os, "memfd_create", refused)
    assert cell.program is not None
    with Cell(cell.program, isolation=cell.isolation, lowest=Level.L1) as other:
        assert bytes(other.ask({"n": 1}, b"q" * MB)[1]) == b"q" * (MB + 1)


def test_lent_memory_is_sealed_against_whoever_has_it() -> None:
    with Lending(2) as lending:
        begin = lending.lend([memoryview(b"a" * LEAST)])
        assert begin is not None
        again = os.open(f"/proc/self/fd/{lending.descriptor}", os.O_RDWR)
        try:
            for change in (
                lambda: os.ftruncate(again, 0),
                lambda: os.ftruncate(again, 1 << 40),
                lambda: os.pwrite(again, b"x", begin),
                lambda: mmap.mmap(again, 0, prot=mmap.PROT_READ | mmap.PROT_WRITE),
            ):
                with pytest.raises(PermissionError):
                    change()
            assert os.pread(again, 2, begin) == b"aa"
            assert lending.lend([memoryview(b"b" * LEAST)]) != begin
            assert lending.lend([memoryview(b"c" * LEAST)]) == begin
            assert os.pread(again, 1, begin) == b"c"
        finally:
            os.close(again)


def test_one_question_is_put_ahead_and_no_more(cell: Cell) -> None:
    pulled: list[int] = []
    answers = cell.ask_each(numbered(pulled))

    for n in range(3):
        assert next(answers)[0]["n"] == n
        assert pulled == list(range(n + 2))
    with pytest.raises(RuntimeError, match="take all answers"):
        cell.ask({"n": 7})
    answers.close()

    assert cell.ask({"n": 9})[0]["n"] == 9, "the answer that nobody waited for is not the next one's"


def test_a_refusal_in_between_leaves_no_answer_for_others_to_take(cell: Cell) -> None:
    for refuses in ({1}, {0, 1}, {2}):
        questions = [({"n": n, "refuses": n in refuses}, [bytes(MB)]) for n in range(3)]
        with pytest.raises(Refused, match="not this one"):
            list(cell.ask_each(questions))
        assert cell.ask({"n": 5})[0]["n"] == 5


def test_questions_that_cannot_be_made_end_nothing(cell: Cell) -> None:
    def questions() -> Iterator[tuple[dict[str, Any], list[bytes]]]:
        yield {"n": 1}, []
        raise ValueError("no more of them")

    with pytest.raises(ValueError, match="no more of them"):
        list(cell.ask_each(questions()))

    assert cell.ask({"n": 2})[0]["n"] == 2


def test_a_program_that_dies_with_a_question_ahead_says_so(cell: Cell) -> None:
    assert cell.program is not None
    with (
        Cell(cell.program, isolation=cell.isolation, lowest=Level.L1) as other,
        pytest.raises(Stopped) as stopped,
    ):
        list(other.ask_each([({"n": 0}, []), ({"dies": True}, []), ({"n": 2}, [])]))

    assert stopped.value.code in ("crashed", "program_failed")


def test_a_program_that_is_always_ahead_of_who_asks_is_looked_at_and_ended_in_its_time(cell: Cell) -> None:
    assert cell.program is not None
    ticks: list[int] = []
    limits = Limits(seconds=1.5)
    with Cell(
        cell.program, isolation=cell.isolation, limits=limits, lowest=Level.L1, tick=lambda: ticks.append(1)
    ) as other:
        answers = other.ask_each(numbered([]))
        for _ in range(4):
            next(answers)
            time.sleep(0.15)
        assert len(ticks) >= 3
        assert other.peak_memory_bytes > 0
        time.sleep(1.0)
        with pytest.raises(Stopped) as stopped:
            next(answers)

    assert stopped.value.code == "out_of_time"


HASTY = """
import os, time
from audits.sandbox.inside import wire

def serve(channel):
    os.write(channel._answers, wire.packed({"n": 0}, 0) * 40)
    time.sleep(600)
"""


def test_a_program_that_answers_before_it_has_read_is_ended_and_no_question_is_kept_for_it(tmp_path: Path) -> None:
    program = tmp_path / "hasty.py"
    program.write_text(HASTY)
    pulled: list[int] = []
    with (
        Cell(program, isolation=probe(), lowest=Level.L1) as hasty,
        pytest.raises(Stopped, match="before it had the whole question") as ended,
    ):
        list(hasty.ask_each(numbered(pulled, size=MOST + MB)))

    assert ended.value.code == "bad_answer"
    assert len(pulled) == 2


def test_questions_go_through_the_pipe_where_python_has_no_name_for_such_memory(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create")

    with Cell(cell.program, isolation=probe(), lowest=Level.L1) as other:
        answered = other.ask({"n": 1}, bytes(MB))

    assert bytes(answered[1]) == bytes(MB + 1)


def test_reading_a_model_may_take_longer_than_an_answer(tmp_path: Path) -> None:
    if probe().level < Level.L1:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    slow = tmp_path / "slow.py"
    slow.write_text(
        "import time\ndef serve(channel):\n"
        "    while channel.receive() is not None:\n        time.sleep(1.2)\n        channel.send({})\n"
    )
    limits = Limits(seconds=60, answer_seconds=0.5)

    with Cell(slow, isolation=probe(), limits=limits, lowest=Level.L1) as cell:
        assert cell.ask({"open": {}}, seconds=30.0)[0] == {}
        with pytest.raises(Stopped) as stopped:
            cell.ask({"predict": {}})

    assert stopped.value.code == "out_of_time"
