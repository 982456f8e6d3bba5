"""What of this machine a program sees: the Python that runs it and the libraries of the system, and no home."""

from __future__ import annotations

import functools
import os
import site
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import audits

ROOT = Path(audits.__file__).resolve().parent.parent
# Our own code that runs inside. The packages above it are empty.
OURS = ("audits/__init__.py", "audits/sandbox/__init__.py", "audits/sandbox/inside")
LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib")
TOP = ("/lib", "/lib32", "/lib64")
# The cache of where libraries are, and how many cores there are.
FILES = ("/etc/ld.so.cache", "/sys/devices/system/cpu")
# How numeric libraries are tuned on this machine is the operator's word and no secret.
TUNING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ONEDNN_MAX_CPU_ISA", "NPY_DISABLE_CPU_FEATURES")


@dataclass(frozen=True)
class Runtime:
    """The interpreter, what it reads, and where it imports from; absolute, with links followed."""

    python: Path
    readable: tuple[Path, ...]
    import_from: tuple[Path, ...]


@functools.cache
def runtime() -> Runtime:
    """The runtime of this very process, so that what it measured with is what its result names."""
    python = Path(sys.executable).resolve()
    standard = [sysconfig.get_path("stdlib"), *(path for path in sys.path if path.endswith("lib-dynload"))]
    own = site.getusersitepackages()
    installed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages")) and path != own]
    shared = [str(Path(sys.base_prefix) / "lib")] if sysconfig.get_config_var("Py_ENABLE_SHARED") else []
    found = [Path(path).resolve() for path in (*standard, *shared, *installed)]
    ours = [ROOT / path for path in OURS]
    system = [Path(path) for path in (*LIBRARIES, *FILES)]
    imports = dict.fromkeys([*(Path(path).resolve() for path in standard + installed), ROOT])
    readable = dict.fromkeys(path for path in (python, *system, *found, *ours) if path.exists())
    return Runtime(python, tuple(readable), tuple(imports))


def environment(*, cores: int) -> dict[str, str]:
    """All variables that a program finds."""
    threads = {f"{library}_NUM_THREADS": str(cores) for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    tuned = {name: os.environ[name] for name in TUNING if name in os.environ}
    return {
        "LANG": "C.UTF-8",
        "HOME": "/nowhere",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        **threads,
        **tuned,
    }
