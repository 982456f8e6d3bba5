"""Where another scanner is installed: an environment that the operator names, our own, or that of a program on the
PATH; and what its Python needs to run in the sandbox."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

from audits.files.notes import clean
from audits.files.opinions.names import SCANNERS
from audits.sandbox.runtime import FILES, LIBRARIES, OURS, ROOT, Runtime, environment

OLDEST = (3, 11)
# The first import of a package may compile all of it.
DESCRIBING_S = 120.0

# Importing here lets Python keep what it compiles: in the sandbox, where nothing is written, every start would do it.
_DESCRIBE = """
import importlib, importlib.metadata, json, sys, sysconfig
shared = sys.base_prefix + "/lib" if sysconfig.get_config_var("Py_ENABLE_SHARED") else None
version = importlib.metadata.version(sys.argv[1])
importlib.import_module(sys.argv[2])
print("\\n" + json.dumps({"python": sys.executable, "is": sys.version_info[:2], "path": sys.path, "shared": shared,
                          "version": version}))
"""


class ScannerMissing(Exception):
    """A scanner cannot be asked of any file; ``code`` says why for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Installed:
    """A scanner that can be started: its version, and the Python of its environment."""

    name: str
    version: str
    runtime: Runtime


def found() -> dict[str, str]:
    """The scanners that can be asked without a word of the operator's, each with an empty environment; see
    ``python_of``."""
    return {name: "" for name in SCANNERS if _beside_us(name) or _on_the_path(name)}


def python_of(name: str, folder: str) -> Path:
    """The interpreter of the environment that a scanner is installed in.

    Args:
        folder: of a virtual environment; empty for the one beside us, or that of the program on the PATH.

    Raises:
        ScannerMissing: there is none.
    """
    if folder:
        python: Path | None = Path(folder) / "bin" / "python"
    else:
        python = Path(sys.executable) if _beside_us(name) else _on_the_path(name)
    if python is None or not python.is_file():
        raise ScannerMissing("scanner_absent", f"there is no {name} {'in ' + folder if folder else 'to be found'}")
    return python


def installed(name: str, folder: str) -> Installed:
    """The scanner, when its environment has told of itself. The environment is the operator's and is trusted.

    Raises:
        ScannerMissing: it is not there, or cannot be imported, or its Python is too old.
    """
    command = [str(python_of(name, folder)), "-I", "-c", _DESCRIBE, name, SCANNERS[name]]
    variables = {key: value for key, value in environment(cores=1).items() if key != "PYTHONDONTWRITEBYTECODE"}
    try:
        asked = subprocess.run(  # noqa: S603 - the operator's interpreter, and a program of our own
            command, env=variables, cwd="/", capture_output=True, timeout=DESCRIBING_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as failed:
        raise ScannerMissing("scanner_broken", f"{name}: {type(failed).__name__}") from None
    said = asked.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    if asked.returncode:
        code = "scanner_absent" if "NotFoundError" in said else "scanner_broken"
        raise ScannerMissing(code, f"{name} cannot be imported: {clean(said)}")
    try:
        told: dict[str, Any] = json.loads(asked.stdout.splitlines()[-1])
        version, oldest = str(told["version"]), tuple(told["is"])
        runtime = _runtime(Path(told["python"]), [Path(one) for one in told["path"]], told["shared"])
    except (ValueError, LookupError, TypeError) as odd:
        raise ScannerMissing("scanner_broken", f"{name}: its environment does not describe itself") from odd
    if oldest < OLDEST:
        raise ScannerMissing("scanner_python", f"{name}: the environment has to be one of Python 3.11 or newer")
    return Installed(name, clean(version, 60), runtime)


def _runtime(python: Path, path: list[Path], shared: str | None) -> Runtime:
    imports = [one.resolve() for one in path if one.exists()]
    system = [Path(one) for one in (*LIBRARIES, *FILES, *([shared] if shared else []))]
    ours = [ROOT / one for one in OURS]
    readable = dict.fromkeys(one for one in (python.resolve(), *system, *imports, *ours) if one.exists())
    return Runtime(python.resolve(), tuple(readable), (*imports, ROOT))


def _beside_us(name: str) -> bool:
    return util.find_spec(name) is not None


def _on_the_path(name: str) -> Path | None:
    """The interpreter beside a program on the PATH; its links are followed, since installers put one elsewhere."""
    program = shutil.which(name)
    python = Path(program).resolve().parent / "python" if program else None
    return python if python is not None and python.is_file() else None
