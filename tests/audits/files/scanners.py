"""The real scanners of others, in the environment that ``make`` builds for them: requirements/scanners.txt."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.servers import PROJECT

ENVIRONMENT = PROJECT / ".venv-scanners"
PYTHON = ENVIRONMENT / "bin" / "python"


def told(program: str) -> Any:
    """What a program that is run by their Python prints as JSON."""
    ran = subprocess.run([PYTHON, "-I", "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(ran.stdout)


def environment_with(name: str) -> str:
    """The folder of the environment; skips where it is not made, or has no such scanner."""
    if not (ENVIRONMENT / ".ready").exists():
        pytest.skip(f"{ENVIRONMENT.name} is not made: make {ENVIRONMENT.name}/.ready")
    found, version = told(
        "import importlib.util, json, sys;"
        f"print(json.dumps([importlib.util.find_spec({name!r}) is not None, sys.version_info[:2]]))"
    )
    if not found and name == "modelscan" and version >= [3, 13]:
        pytest.skip("there is no modelscan for Python 3.13 and newer")
    assert found, f"{name} is missing from {ENVIRONMENT.name}"
    return str(ENVIRONMENT)
