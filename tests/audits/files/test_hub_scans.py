"""What the Hub's scanners say of a file beside what ours say: the graver word counts, and a difference is a finding."""

from __future__ import annotations

from typing import Any

import pytest

from audits.files import hub_scans
from audits.files.documents import document_of
from audits.files.scanning import FileScan
from audits.files.sources import Source
from tests.audits.files.made import safetensors, tensor
from tests.audits.files.scans import SYSTEM, codes

WHOLE = safetensors({"a": tensor(0, 8)}, b"\1" * 8)
EVIL = b"\x80\x04" + SYSTEM
NAME = "model.bin"


@pytest.mark.parametrize(
    ("data", "status", "scanners", "verdict", "code", "agrees"),
    [
        (WHOLE, "unsafe", {"jFrogScan": "unsafe"}, "fail", "hub_alarms", False),
        (WHOLE, "suspicious", {"jFrogScan": "suspicious"}, "warn", "hub_doubts", False),
        (WHOLE, "a word of tomorrow", {}, "warn", "hub_doubts", False),
        (WHOLE, "safe", {}, "pass", None, None),
        (WHOLE, "queued", {}, "pass", None, None),
        (EVIL, "safe", {"pickleImportScan": "safe"}, "fail", "hub_silent", False),
        (EVIL, "unsafe", {"pickleImportScan": "unsafe"}, "fail", None, True),
        (EVIL, "unscanned", {}, "fail", None, None),
    ],
)
def test_the_graver_of_two_words_counts_and_a_difference_is_a_finding(
    data: bytes, status: str, scanners: dict[str, str], verdict: str, code: str | None, agrees: bool | None
) -> None:
    scan = FileScan()
    scan.file(Source.of_bytes(data), NAME)
    said: dict[str, Any] = {"files": {NAME: {"status": status, "scanners": {"avScan": "safe", **scanners}}}}

    document = document_of(scan, hub=hub_scans.compare(scan, said, rows_of={NAME: [NAME]}))

    found = [one for one in codes(document) if one.startswith("hub_")]
    assert (document["verdict"], found) == (verdict, [code] if code else [])
    listed = {one["path"]: one["agrees"] for one in document["hub"]["files"]}
    assert listed == ({} if agrees is None else {NAME: agrees})
