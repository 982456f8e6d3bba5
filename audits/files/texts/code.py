"""Programs beside a model: that they are there, and what they call. Read as text, never compiled."""

from __future__ import annotations

import re

from audits.files.places import Place

ENDINGS = ("py", "pyx", "ipynb", "sh", "bash", "ps1", "bat", "rb", "pl", "lua", "js", "mjs", "php")
LONGEST = 4 << 20
_DANGEROUS = re.compile(
    rb"\b(os\.(?:system|popen|exec[a-z]*|spawn[a-z]*|remove|unlink|rmdir)|subprocess|pty\.spawn|eval\s*\(|exec\s*\("
    rb"|compile\s*\(|__import__|importlib|ctypes|socket\b|marshal|pickle\.loads?|cloudpickle|dill\.loads?|joblib\.load"
    rb"|torch\.load|urllib|urlopen|requests\.(?:get|post|put)|http\.client|ftplib|smtplib|base64\.b(?:64|32|85)decode"
    rb"|codecs\.decode|getattr\s*\(\s*__|__builtins__|__subclasses__|shutil\.rmtree|runpy|pip\.main|curl\s|wget\s)"
)
# TorchScript: operators that reach files, and those of libraries of their own.
_SCRIPT_FILES = re.compile(rb"\b(?:torch|aten|ops\.aten)\.(?:from_file|save|load|_save|wait)\b")
_SCRIPT_OPS = re.compile(rb"\bops\.([A-Za-z_]\w*)\.([A-Za-z_]\w*)")
_OWN_OPS = frozenset(
    (b"prim", b"aten", b"prepacked", b"quantized", b"torchvision", b"torchaudio", b"quantized_decomposed", b"inductor")
)


def is_code(name: str, head: bytes) -> bool:
    """Whether a text is a program, by its first line or by the ending that makes an interpreter take it."""
    return head.startswith(b"#!") or name.rsplit(".", 1)[-1].lower() in ENDINGS


def judge(place: Place, raw: bytes) -> None:
    """Note that it is a program, and what it calls beyond calculation."""
    place.note("files.code_present")
    for match in _DANGEROUS.finditer(raw):
        place.note("files.code_dangerous", match.group().decode("ascii", "replace").strip(" ("))


def judge_script(place: Place, raw: bytes) -> None:
    """TorchScript code: a language of its own, which has operators only."""
    place.note("files.torchscript_present")
    for match in _SCRIPT_FILES.finditer(raw):
        place.note("files.torchscript_ops", match.group().decode("ascii", "replace"))
    for space, name in _SCRIPT_OPS.findall(raw):
        if space not in _OWN_OPS:
            place.note("files.torchscript_ops", f"ops.{space.decode()}.{name.decode()}")
