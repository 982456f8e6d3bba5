"""How long a fresh machine needs: ``make demo SERVE=0`` in a clean clone, beside a bare ``pip install`` of the same.

The floor is ``python -m venv`` and ``pip install -r`` of the same requirement files, in the same run and before it,
with the same warm or cold package cache. Printed: both times, their ratio, the time after installation, and the size of
the virtual environment. Takes minutes and some 2 GB below the temporary folder.

    python bench/setup_time.py [--keep]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PORT = "8791"


def timed(command: list[str], *, cwd: Path, env: dict[str, str]) -> float:
    """Seconds that a command takes; its output is shown when it fails."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return time.monotonic() - started


def size_of(folder: Path) -> float:
    """Gigabytes on disk."""
    return sum(f.lstat().st_size for f in folder.rglob("*") if f.is_file() or f.is_symlink()) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--keep", action="store_true", help="leave the clone for a look")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="assay-setup-"))
    home = work / "home"
    home.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        clone = work / "clone"
        timed(["git", "clone", "--quiet", str(ROOT), str(clone)], cwd=work, env=env)
        requirement = clone / "requirements" / "demo.txt"
        bare = timed([sys.executable, "-m", "venv", str(work / "bare")], cwd=work, env=env)
        bare += timed(
            [str(work / "bare" / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", str(requirement)],
            cwd=requirement.parent,
            env=env,
        )
        shutil.rmtree(work / "bare")
        # The same cold cache for both.
        shutil.rmtree(home)
        home.mkdir()
        install = timed(["make", ".venv/.ready-demo"], cwd=clone, env=env)
        story = timed(["make", "demo", "SERVE=0", f"PORT={PORT}"], cwd=clone, env=env)
        print(f"floor: bare venv and pip install   {bare:7.1f} s")
        print(f"set-up by make                     {install:7.1f} s   ratio {install / bare:.2f} (bound 1.50)")
        print(f"the demonstration after that       {story:7.1f} s   (bound 60)")
        print(f"clean clone to gate answers        {install + story:7.1f} s   (bound 300)")
        print(f"virtual environment                {size_of(clone / '.venv'):7.2f} GB  (bound 1.2)")
    finally:
        if options.keep:
            print(f"left in {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
