"""The audit kind ``files``: what it scans, what it misses of a version, what it refuses."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Mapping
from typing import IO, Any

import pytest
import rfc8785

from audits.files.notes import CODES
from audits.kinds import files as files_kind
from audits.kinds.base import SEVERITIES, InputsRejected, Interrupted, get
from tests.audits.files.made import safetensors, tensor
from tests.audits.files.scans import SYSTEM, zipped
from tests.audits.files.signed import AUTHORITY, FILES, by_certificate

WHOLE, CONFIG = safetensors({"a": tensor(0, 8)}, b"\1" * 8), b'{"model_type": "bert"}'


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Given:
    """What the audit is run on: stored files by their digest."""

    seed = 0
    at = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)

    def __init__(
        self, *files: bytes, manifest: Mapping[str, bytes] | None = None, stop: bool = False, **more: Any
    ) -> None:
        self._stored, self._stop = {sha256(data): data for data in files}, stop
        listed = [{"filename": f"upload-{i}", "sha256": sha256(data)} for i, data in enumerate(files)]
        # As the Hub lists them: large files by their sha256, small ones by git's object id.
        rows = [
            {
                "path": path,
                "size": len(data),
                "sha256": sha256(data) if path.endswith("s") else None,
                "git_oid": git_oid(data),
            }
            for path, data in (manifest or {}).items()
        ]
        self.inputs: Mapping[str, Any] = {"files": listed, "manifest": rows, **more}

    def open_blob(self, digest: str) -> IO[bytes]:
        return io.BytesIO(self._stored[digest])

    def progress(self, _done: int, _total: int | None) -> None:
        if self._stop:
            raise Interrupted


VERSION = {"model.safetensors": WHOLE, "config.json": CONFIG}


def test_the_audit_is_registered_with_its_verdicts() -> None:
    assert get("files").verdicts == ("fail", "no_information", "insufficient_data", "warn", "pass")
    assert {severity for severity, _params in CODES.values()} <= set(SEVERITIES)


@pytest.mark.parametrize("files", [(WHOLE, CONFIG), (zipped({"m/model.safetensors": WHOLE, "m/config.json": CONFIG}),)])
def test_the_files_of_a_version_pass_alone_or_in_an_archive(files: tuple[bytes, ...]) -> None:
    outcome = files_kind.run(Given(*files, manifest=VERSION))

    assert outcome.verdict == "pass", outcome.drafts
    assert outcome.summary["files_bytes_total"] == outcome.summary["files_bytes_inspected"] == sum(map(len, files))
    assert rfc8785.dumps(dict(outcome.document))


def test_what_was_not_brought_blocks() -> None:
    outcome = files_kind.run(Given(CONFIG, manifest=VERSION))

    assert outcome.verdict == "insufficient_data"
    assert [(draft.code, draft.locus, draft.params["bytes"]) for draft in outcome.drafts] == [
        ("files.not_given", "model.safetensors", len(WHOLE))
    ]


def test_bytes_of_another_version_do_not_stand_for_this_one() -> None:
    other = safetensors({"a": tensor(0, 8)}, b"\2" * 8)

    outcome = files_kind.run(Given(other, CONFIG, manifest=VERSION))

    assert outcome.verdict == "fail"
    assert {draft.code for draft in outcome.drafts} == {"files.not_given", "files.other_bytes"}


def test_what_is_found_becomes_one_finding_for_each_code_and_file() -> None:
    evil = b"\x80\x04" + SYSTEM

    outcome = files_kind.run(Given(evil))

    assert outcome.verdict == "fail"
    assert {(draft.code, draft.severity, draft.locus) for draft in outcome.drafts} == {
        ("files.pickle_present", "medium", "upload-0"),
        ("files.pickle_runs_code", "critical", "upload-0"),
    }


@pytest.mark.parametrize("inputs", [{"files": []}, {"files": "x"}, {"files": [{}]}, {"files": [1]}])
def test_inputs_that_cannot_be_used_are_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(InputsRejected):
        files_kind.run(Given(**inputs))


def test_a_cancelled_run_stops() -> None:
    with pytest.raises(Interrupted):
        files_kind.run(Given(WHOLE, stop=True))


def test_a_signature_by_certificate_says_until_when_it_is_verified() -> None:
    signed, signer = by_certificate(), {"name": "authority.crt", "pem": AUTHORITY}

    outcome = files_kind.run(Given(*FILES.values(), signed, manifest={**FILES, "model.sig": signed}, signers=[signer]))

    assert outcome.summary["files_signatures_verified"] == 1
    ends = dt.datetime.fromtimestamp(outcome.summary["files_signatures_valid_until"], dt.UTC)
    assert ends == dt.datetime(2125, 6, 23, 16, 31, 12, tzinfo=dt.UTC)
