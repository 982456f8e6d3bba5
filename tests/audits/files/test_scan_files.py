"""``manage.py scan_files``: a document for programs, words for people, exit codes; files as they lie on a disk."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audits.files.documents import document_of
from audits.files.limits import Limits
from audits.files.scanning import FileScan, scan_paths
from tests.audits.files.made import safetensors, tensor
from tests.audits.files.scans import SYSTEM, codes
from tests.nowhere import NOWHERE

ROOT = Path(__file__).resolve().parents[3]
WHOLE = safetensors({"a": tensor(0, 8)}, b"\1" * 8)


def called(*words: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("scan_files", *words, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def test_programs_get_one_document(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "model.pkl").write_bytes(b"\x80\x04" + SYSTEM)
    (tmp_path / "model.safetensors").write_bytes(WHOLE)

    code, printed = called(str(tmp_path), "--format", "json")

    document = json.loads(printed)
    assert (code, document["verdict"]) == (1, "fail")
    assert [row["path"] for row in document["files"]] == ["model.safetensors", "sub/model.pkl"]
    assert {"path", "format", "engine", "bytes_inspected", "findings"} <= set(document["files"][0])
    assert document["bytes_total"] == document["bytes_inspected"] == len(WHOLE) + len(SYSTEM) + 2
    assert called(str(tmp_path), "--format", "json")[1] == printed


@pytest.mark.parametrize(
    ("data", "words", "code", "said"),
    [
        (WHOLE, (), 0, "Pass: "),
        (b"\x80\x04N.", (), 0, "Warn: "),
        (b"\x80\x04N.", ("--fail-on", "warn"), 1, "Warn: "),
        (b"\xfe\xfd" * 40, (), 1, "Insufficient data: "),
        (b"", (), 1, "No information: "),
        (b"\x80\x04" + SYSTEM, (), 1, "Fail: "),
    ],
    ids=["pass", "warn", "warn that fails", "insufficient", "nothing", "fail"],
)
def test_people_read_the_verdict_and_scripts_its_code(
    tmp_path: Path, data: bytes, words: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "a").write_bytes(data)

    ended, printed = called(str(tmp_path / "a"), *words)

    assert (ended, printed.startswith(said)) == (code, True)


def test_what_was_found_stands_in_words(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\x80\x04" + SYSTEM)

    assert "Loading it runs what is not data: os.system." in called(str(tmp_path))[1]


def test_a_path_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="name a file or folder that can be read") as refused:
        call_command("scan_files", str(tmp_path / "gone"))

    assert refused.value.returncode == 2


def test_no_database_is_needed(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(WHOLE)
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "scan_files", str(tmp_path)],
        env=NOWHERE,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )

    assert (done.returncode, done.stdout[:5]) == (0, "Pass:"), done.stderr


def scan_of(path: Path, **more: Any) -> dict[str, Any]:
    scan = FileScan(**more)
    scan_paths([path], scan)
    return document_of(scan)


def test_links_and_pipes_are_told_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").symlink_to("/etc/passwd")
    (tmp_path / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.txt").write_bytes(b"hello")

    document = scan_of(tmp_path)

    assert document["bytes_total"] == 5
    assert codes(document)["link"] == [f"round -> {tmp_path}"[:160], "secret -> /etc/passwd"]
    assert codes(document)["special_file"] == ["pipe"]
    assert document["verdict"] == "fail"


def test_a_huge_file_with_holes_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(100 << 30)

    document = scan_of(tmp_path)

    assert (document["verdict"], document["bytes_inspected"]) == ("insufficient_data", 0)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    size = 150 << 20
    head = safetensors({"a": tensor(0, size)})
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
    with (tmp_path / "model.pkl").open("wb") as file:
        file.write(b"\x80\x04\x8e" + size.to_bytes(8, "little"))
        file.seek(size, os.SEEK_CUR)
        file.write(b".")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    document = scan_of(tmp_path)

    assert document["bytes_inspected"] == document["bytes_total"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 << 10


def test_a_pickle_that_remembers_without_end_is_followed_in_bounded_memory(tmp_path: Path) -> None:
    dense = b"\x80\x04\x8c\x01a" + b"\x94" * 1_100_000 + b"h\x00\x93."
    (tmp_path / "a.pkl").write_bytes(dense)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    document = scan_of(tmp_path, limits=Limits())

    assert document["files"][0]["engine"] == "pickle"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 << 10
