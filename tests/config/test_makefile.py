"""Setting up with nothing but make and some Python: which one is taken, what is installed, and when again."""

from __future__ import annotations

import gettext
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import PROJECT

# Stands for a Python: knows its version, makes an environment that holds itself, and writes down what it is told.
PYTHON = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$*" in
  "-c import sys"*) exit {too_old} ;;
  "-m venv --clear .venv"*) {venv} ;;
esac
exit 0
"""
MAKES_ONE = 'mkdir -p "$4/bin" && cp "$0" "$4/bin/python"'

Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Run make in a checkout with a space in its path, on a machine with a few tools and the Pythons that are given."""
    checkout, tools = tmp_path / "a checkout", tmp_path / "bin"
    (checkout / "requirements").mkdir(parents=True)
    tools.mkdir()
    shutil.copy(PROJECT / "Makefile", checkout)
    for name in ("requirements.txt", "requirements/demo.txt", "requirements/dev.txt", "requirements/scanners.txt"):
        (checkout / name).write_text("celery\n")
        os.utime(checkout / name, (1_000_000_000, 1_000_000_000))
    for tool in ("sh", "make", "touch", "mkdir", "cp", "basename"):
        found = shutil.which(tool)
        if found is None:
            pytest.skip(f"there is no {tool} here")
        (tools / tool).symlink_to(found)

    def run(*words: str, pythons: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        for name, code in (pythons or {}).items():
            (tools / name).write_text(code)
            (tools / name).chmod(0o755)
        return subprocess.run(
            ["make", *words],
            cwd=checkout,
            env={"PATH": str(tools), "LOG": str(tmp_path / "log"), "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def told(tmp_path: Path) -> list[str]:
    """What the Pythons were told, and then forget it."""
    log = tmp_path / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [line for line in lines if " -m pip install " in line or " -m venv " in line]


def python(*, too_old: bool = False, venv: str = MAKES_ONE) -> str:
    return PYTHON.format(too_old=int(too_old), venv=venv)


def test_a_machine_without_a_python_that_is_new_enough_is_told_what_to_install(make):
    made = make("setup", pythons={"python3": python(too_old=True)})

    assert made.returncode != 0
    assert "Assay needs Python 3.11 or newer, and there is none on the PATH. Install it" in made.stderr


def test_a_python_without_venv_is_told_what_to_install(make):
    made = make("setup", pythons={"python3": python(venv="exit 1")})

    assert made.returncode != 0
    assert "Install its venv (Debian, Ubuntu: python3-venv)" in made.stderr


def test_a_python_that_does_not_run_is_passed_over(make, tmp_path):
    """A version manager puts names on the PATH for versions that are not installed."""
    made = make("setup", pythons={"python3.13": "#!/bin/sh\nexit 127\n", "python3.12": python(), "python3": python()})

    assert made.returncode == 0, made.stderr
    assert told(tmp_path) == [
        "python3.12 -m venv --clear .venv",
        "python -m pip install -qq --disable-pip-version-check --requirement requirements.txt",
    ]


def test_packages_are_installed_once_and_again_when_their_list_changes(make, tmp_path):
    make("setup", pythons={"python3": python()})
    assert len(told(tmp_path)) == 2

    make("setup")
    assert told(tmp_path) == []

    (tmp_path / "a checkout" / "requirements.txt").touch()
    os.utime(tmp_path / "a checkout" / ".venv" / ".ready", (1_100_000_000, 1_100_000_000))
    make("setup")
    assert told(tmp_path) == ["python -m pip install -qq --disable-pip-version-check --requirement requirements.txt"]


def test_the_packages_of_the_tests_are_enough_for_everything_else(make, tmp_path):
    """The longer lists contain the shorter ones: one installation, not three."""
    checkout = tmp_path / "a checkout"
    (checkout / "demo").mkdir()

    make("test", pythons={"python3": python()})
    assert [line.rsplit(" ", 1)[1] for line in told(tmp_path)] == [
        ".venv",
        "requirements/dev.txt",
        # beside them, since these pin older versions of the same packages
        ".venv-scanners",
        "requirements/scanners.txt",
    ]

    for target in ("setup", "demo", "serve", "test"):
        assert make(target).returncode == 0
    assert told(tmp_path) == []


def test_other_scanners_are_given_a_python_that_there_is_one_for(make, tmp_path):
    """modelscan has no version for Python 3.13; where that is the only one, the rest of them is installed."""
    make(".venv-scanners/.ready", pythons={"python3.13": python(), "python3.12": python()})
    assert told(tmp_path)[0] == "python3.12 -m venv --clear .venv-scanners"


def test_translations_are_compiled_with_their_rules_for_plurals(tmp_path):
    folder = tmp_path / "locale" / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

#, python-format
msgid "%(n)s row"
msgid_plural "%(n)s rows"
msgstr[0] "%(n)s строка"
msgstr[1] "%(n)s строки"
msgstr[2] "%(n)s строк"
""",
        encoding="utf-8",
    )
    shutil.copy(PROJECT / "Makefile", tmp_path)

    subprocess.run(
        ["make", f"PY={sys.executable}", "locale/ru/LC_MESSAGES/django.mo"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    with (folder / "django.mo").open("rb") as compiled:
        words = gettext.GNUTranslations(compiled)
    found = [words.ngettext("%(n)s row", "%(n)s rows", n) % {"n": n} for n in (1, 3, 5, 11)]
    assert found == ["1 строка", "3 строки", "5 строк", "11 строк"]
