"""The web process starts without what only workers need: those packages cost seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import config

PROJECT = Path(config.__file__).resolve().parents[1]
HEAVY = {
    "evaluate",
    "fairlearn",
    "huggingface_hub",
    "numpy",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "torch",
    "transformers",
    "weasyprint",
}
PROGRAM = """
import sys
import config.wsgi
from django.template import engines
from django.urls import get_resolver, reverse
resolver = get_resolver()
found = []
def visit(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            visit(pattern.url_patterns)
        else:
            found.append(pattern.callback)
visit(resolver.url_patterns)
reverse("web:healthz"), reverse("gate", args=["model", "a", "b", "0" * 40])
engines["django"].get_template("base.html"), engines["django"].get_template("people/sign_in.html")
print(len(found), *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_the_web_process_loads_nothing_that_only_workers_need():
    ended = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", PROGRAM],
        cwd=PROJECT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    views, *loaded = ended.stdout.split()
    assert int(views) > 40
    assert "django" in loaded
    assert HEAVY.isdisjoint(loaded)
