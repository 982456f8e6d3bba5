"""Names of Python in settings and texts: what a loader that imports whatever it is told would run."""

from __future__ import annotations

import re

from audits.files.places import Place

# Not a list of what is harmless: settings name classes of every library there is. What is on it is no part of a model.
_REACHING = frozenset(
    ("os", "posix", "nt", "subprocess", "commands", "shutil", "pathlib", "tempfile", "sys", "runpy", "importlib", "pty")
    + ("socket", "ctypes", "pickle", "_pickle", "cloudpickle", "dill", "marshal", "code", "codeop", "timeit", "pdb")
    + ("bdb", "webbrowser", "multiprocessing", "asyncio", "urllib", "http", "requests")
)
_BUILTINS = frozenset(("eval", "exec", "compile", "open", "__import__", "getattr", "setattr", "breakpoint", "input"))
# Hydra makes what a setting says, by whatever name: NeMo and others load models so.
TARGET = "_target_"
_TARGET_LINE = re.compile(rb"[\"']?_target_[\"']?[ \t]*[:=][ \t]*[\"']?([A-Za-z_][\w.]{0,200})")
# YAML that makes Python objects when it is loaded unsafely: the short tag, and the one that it stands for.
_TAG = re.compile(rb"(?:!!|tag:yaml\.org,2002:)python/[a-z/]{0,20}:?[\w.]{0,100}")
# Both may be put together of a handle and letters that are written as numbers.
_HIDDEN_TAG = re.compile(
    rb"^%TAG[ \t][^\n]{1,200}|(?:^|[\s\[{,:-])!!?<?[\w.:/,-]{0,60}%[0-9A-Fa-f]{2}[^\s]{0,100}", re.MULTILINE
)
YAML = (".yaml", ".yml")


def reaches(name: str) -> bool:
    """Whether a dotted name is one that reaches beyond a model: a shell, files, the network, an interpreter."""
    module, _, rest = name.partition(".")
    return module in _REACHING or (module in ("builtins", "__builtin__") and rest.partition(".")[0] in _BUILTINS)


def search(place: Place, chunk: bytes) -> None:
    """Note what a piece of a text would make a loader run."""
    for tag in _TAG.findall(chunk):
        place.note("files.code_dangerous", tag.decode("ascii", "replace"))
    if place.name.lower().endswith(YAML):
        for tag in _HIDDEN_TAG.findall(chunk):
            place.note("files.code_dangerous", tag.decode("utf-8", "replace").strip())
    for found in _TARGET_LINE.findall(chunk):
        target = found.decode("ascii", "replace")
        if reaches(target):
            place.note("files.code_dangerous", f"{TARGET}: {target}")
