"""What picklescan and modelscan say of the hostile files of these tests, and of harmless ones. The numbers stand in
docs/decisions/0015-other-scanners.md, and are held to be what is found."""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from audits.files.opinions.names import SCANNERS
from audits.files.opinions.running import Opinion, inquire
from tests.audits.files.made import dumped, gguf, h5, keras, onnx, saved_model, torch_zip
from tests.audits.files.scanners import environment_with
from tests.audits.files.scans import SYSTEM, scanned, zipped
from tests.audits.files.test_containers import WRAPPINGS
from tests.audits.files.test_disguises import DISGUISED, FIVE, RUNS, SETTINGS
from tests.audits.files.test_pickles import ATTACKS, HARMLESS
from tests.servers import PROJECT

DECISION = PROJECT / "docs" / "decisions" / "0015-other-scanners.md"
EVIL = b"\x80\x04" + SYSTEM
ESCAPE = "{{ cycler.__init__.__globals__.os.popen('id') }}"
ENDINGS = {"gzip": "gz", "bzip2": "bz2", "7z lzma2": "7z", "tar pax": "tar", "tar gnu": "tar"}


@cache
def hostile() -> dict[str, list[tuple[str, bytes]]]:
    """Files by what hides them, each with a name; all of them fail here."""
    packed = [(f"a.{ENDINGS.get(how, how.split()[0])}", wrap(EVIL)) for how, wrap in WRAPPINGS.items()]
    twice = zipped({"a.zip": zipped({"a.pkl": EVIL})})
    return {
        "instructions of a pickle": [("model.pkl", data) for data in ATTACKS.values()],
        "a pickle by another name": [
            (name, EVIL) for name in ("weights.txt", "model.safetensors", "README.md", "model.bin", "model.onnx", "a")
        ],
        "packed, as a text": [*packed, ("a.zip", twice), ("a.pt", torch_zip(EVIL))],
        "joblib's arrays and packings": [
            *(("model.joblib", b"\x80\x04" + data + FIVE + RUNS) for data in DISGUISED.values()),
            *(("model.joblib", _in_joblib(how)) for how in ("zlib", "gzip", "bz2", "lzma", "xz")),
        ],
        "graphs, layers and templates": [
            ("model.keras", keras({"module": "keras.layers", "class_name": "Lambda", "config": {}})),
            ("model.h5", h5({"class_name": "Lambda", "config": {}})),
            ("saved_model.pb", saved_model("ReadFile")),
            ("model.onnx", onnx(domain="ai.onnx.contrib", kind="PyOp")),
            ("model.onnx", onnx(location="../../etc/passwd")),
            ("model.gguf", gguf({"tokenizer.chat_template": ESCAPE}, [], b"")),
            ("model.pt", torch_zip(**{"m/code/__torch__.py": b"def f(self):\n  torch.from_file('/etc/passwd')\n"})),
        ],
        "settings": [(name, data) for name, data, _code in SETTINGS],
    }


def _in_joblib(how: str) -> bytes:
    """A pickle as joblib unpacks it."""
    packings: dict[str, Callable[[bytes], bytes]] = {
        "zlib": zlib.compress,
        "gzip": gzip.compress,
        "bz2": bz2.compress,
        "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
        "xz": lzma.compress,
    }
    return packings[how](EVIL)


def harmless() -> list[tuple[str, bytes]]:
    pickled = [("model.pkl", pickle.dumps(value, protocol)) for value in HARMLESS for protocol in (0, 2, 4)]
    return [*pickled, *(("model.joblib", dumped(value)) for value in HARMLESS[:6])]


def opinions(tmp_path: Path, name: str, files: list[tuple[str, bytes]]) -> list[Opinion]:
    laid = []
    for at, (shown, data) in enumerate(files):
        (tmp_path / str(at)).write_bytes(data)
        laid.append((shown, tmp_path / str(at)))
    version, said = inquire(name, environment_with(name), laid, lambda: None)
    said.append(Opinion(why=version))
    return said


def test_every_file_of_the_hostile_set_fails_here() -> None:
    for files in hostile().values():
        for name, data in files:
            assert scanned(data, name)["verdict"] == "fail", name


@pytest.mark.sandbox
@pytest.mark.parametrize("name", [*SCANNERS])
def test_what_others_miss_of_the_hostile_set_is_what_the_decision_says(tmp_path: Path, name: str) -> None:
    files = [file for group in hostile().values() for file in group]
    *said, version = opinions(tmp_path, name, files)

    rows = []
    for group, members in hostile().items():
        ours, said = said[: len(members)], said[len(members) :]
        alarmed = sum(bool(one.alarms) for one in ours)
        failed = sum(one.failed and not one.alarms for one in ours)
        over = sum(one.passed_over for one in ours)
        silent = len(members) - alarmed - failed - over
        rows.append(f"| {name} {version.why} | {group} | {len(members)} | {alarmed} | {failed} | {over} | {silent} |")
    decision = DECISION.read_text(encoding="utf-8")
    assert [row for row in rows if row not in decision] == []


@pytest.mark.sandbox
@pytest.mark.parametrize("name", [*SCANNERS])
def test_nothing_that_others_call_dangerous_is_called_harmless_here(tmp_path: Path, name: str) -> None:
    files = harmless()
    *said, _version = opinions(tmp_path, name, files)

    assert [one.alarms for one in said if one.alarms] == []
