"""Cards read by several processes: the same as in one, whatever becomes of the processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from governance.catalog import card_reading
from governance.catalog.card_reading import CardAsked, CardRead, CardReaders, read

ROOT = Path(__file__).resolve().parents[3]
CARDS = [
    b"---\nlicense: llama3.1\nbase_model: org/base\n---\n# A model\nBuilt with Llama\n",
    b"---\nlicense: [mit\n---\n# Broken\n",
    b"\xff\xfe not text",
    b"",
    None,
]


def asked(number: int) -> CardAsked:
    raw = CARDS[number % len(CARDS)]
    return CardAsked(raw and raw + str(number).encode(), "model", ("README.md", f"{number}.bin"), 5_000_000)


def timeless(cards: Iterator[CardRead]) -> list[CardRead]:
    return [replace(card, seconds=0.0) for card in cards]


@pytest.fixture(scope="module")
def readers() -> Iterator[CardReaders]:
    with CardReaders(processes=2, many=1) as started:
        yield started


def test_two_processes_read_what_one_reads_in_the_same_order(readers: CardReaders) -> None:
    cards = [asked(number) for number in range(157)]

    found = timeless(readers.begin(cards)())

    assert found == timeless(map(read, cards))
    assert len({card.parsed.sha256 for card in found}) > 90


def test_few_cards_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_reading, "ProcessPoolExecutor", None)

    with CardReaders(processes=2, many=10) as readers:
        assert len(list(readers.begin([asked(number) for number in range(9)])())) == 9


def test_cards_of_a_process_that_was_killed_are_read_all_the_same() -> None:
    cards = [asked(number) for number in range(300)]
    with CardReaders(processes=2, many=1) as readers:
        assert len(list(readers.begin(cards)())) == 300
        assert readers._pool is not None
        following = readers.begin(cards)
        for process in list(readers._pool._processes.values()):
            process.kill()

        assert timeless(following()) == timeless(map(read, cards))
        assert timeless(readers.begin(cards)()) == timeless(map(read, cards))


STARTER = """
import sys, time
sys.path.insert(0, {root!r})
from governance.catalog.card_reading import CardAsked, CardReaders
if __name__ == "__main__":
    readers = CardReaders(processes=2, many=1)
    list(readers.begin([CardAsked(b"# A card", "model", (), 1000)] * 100)())
    print(*readers._pool._processes, flush=True)
    time.sleep(60)
"""


def test_reading_processes_end_with_the_one_that_was_killed(tmp_path: Path) -> None:
    program = tmp_path / "starts.py"
    program.write_text(STARTER.format(root=str(ROOT)))
    started = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        children = [int(pid) for pid in started.stdout.readline().split()]
        assert children
        started.send_signal(signal.SIGKILL)
        started.wait()
        deadline = time.monotonic() + 20
        while any(map(is_running, children)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(map(is_running, children))
    finally:
        started.kill()
        started.wait()
        assert started.stdout is not None
        started.stdout.close()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
