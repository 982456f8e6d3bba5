"""Chat templates: programs in Jinja's language that a loader runs on every message. What they call is judged.

Loaders run them in Jinja's sandbox, and some have not. A template that only formats messages needs few names; others
are unknown, and what reaches into Python's own objects is an escape whatever the sandbox does.
"""

from __future__ import annotations

import re

from audits.files.places import Place

LONGEST = 1 << 20
_BLOCK = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
_OPEN = re.compile(r"\{[{%]")
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.S)
_CALL = re.compile(r"(\.?)\s*([A-Za-z_]\w*)\s*\(")
_FILTER = re.compile(r"(?<!\|)\|\s*([A-Za-z_]\w*)")
_MACRO = re.compile(r"\bmacro\s+([A-Za-z_]\w*)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_ESCAPES = frozenset(
    [
        "attr",
        "lipsum",
        "cycler",
        "joiner",
        "self",
        "config",
        "request",
        "os",
        "sys",
        "subprocess",
        "popen",
        "system",
        "eval",
        "exec",
        "getattr",
        "setattr",
        "open",
        "import",
        "importlib",
        "builtins",
        "mro",
        "subclasses",
        "globals",
        "include",
        "extends",
        "get_flashed_messages",
        "url_for",
        "environment",
        "func_globals",
        "gi_frame",
        "f_globals",
        "cr_frame",
        "tb_frame",
    ]
)
# Words of the language that may stand before a bracket.
_WORDS = frozenset(
    [
        "if",
        "elif",
        "else",
        "for",
        "in",
        "not",
        "and",
        "or",
        "is",
        "set",
        "macro",
        "call",
        "filter",
        "loop",
        "namespace",
        "recursive",
        "with",
    ]
)
_CALLS = frozenset(
    [
        "raise_exception",
        "strftime_now",
        "range",
        "namespace",
        "dict",
        "tojson",
        "caller",
        "loop",
        "add_generation_prompt",
    ]
)
_METHODS = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "split",
        "rsplit",
        "startswith",
        "endswith",
        "replace",
        "upper",
        "lower",
        "title",
        "capitalize",
        "items",
        "keys",
        "values",
        "get",
        "append",
        "join",
        "find",
        "rfind",
        "index",
        "count",
        "splitlines",
        "removeprefix",
        "removesuffix",
        "isdigit",
        "isalpha",
        "isupper",
        "islower",
        "isspace",
        "partition",
        "rpartition",
        "zfill",
        "center",
        "ljust",
        "rjust",
        "extend",
        "insert",
        "pop",
        "update",
        "copy",
        "cycle",
        "changed",
    ]
)
_FILTERS = frozenset(
    [
        "abs",
        "batch",
        "capitalize",
        "center",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "first",
        "float",
        "forceescape",
        "groupby",
        "indent",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "pprint",
        "random",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "safe",
        "select",
        "selectattr",
        "slice",
        "sort",
        "string",
        "striptags",
        "sum",
        "title",
        "tojson",
        "trim",
        "truncate",
        "unique",
        "upper",
        "urlencode",
        "wordcount",
        "wordwrap",
        "from_json",
        "generation",
    ]
)


def looks_like(text: str) -> bool:
    """Whether a text is a program in Jinja's language."""
    return len(text) < LONGEST and "{%" in text and "%}" in text


def judge(place: Place, text: str) -> None:
    """Note what a template calls beyond formatting."""
    if len(text) > LONGEST:
        place.not_inspected("too_long", len(text))
        return
    macros = set(_MACRO.findall(text))
    blocks = _BLOCK.findall(text)
    if len(_OPEN.findall(text)) > sum(len(_OPEN.findall(block)) for block in blocks):
        place.note("files.template_unknown", "a block that does not end")
    for block in blocks:
        _block(place, block[2:-2], macros)


def _block(place: Place, code: str, macros: set[str]) -> None:
    for match in _TEXT.finditer(code):
        said = _decoded(match.group(1) if match.group(1) is not None else match.group(2))
        if said.startswith("_") or said.endswith("_") or "__" in said:
            # Names that Python keeps for itself begin and end so, whole or put together piece by piece.
            place.note("files.template_escapes", repr(said[:40]))
    bare = _TEXT.sub("''", code)
    for name in _NAME.findall(bare):
        if name.startswith("__") or name in _ESCAPES:
            place.note("files.template_escapes", name)
    for dot, name in _CALL.findall(bare):
        known = _METHODS if dot else _CALLS | macros | _WORDS | _FILTERS
        if name not in known and not (dot and name in macros):
            place.note("files.template_unknown", f"{dot}{name}()")
    for name in _FILTER.findall(bare):
        if name not in _FILTERS:
            place.note("files.template_escapes" if name == "attr" else "files.template_unknown", f"|{name}")


def _decoded(text: str) -> str:
    """A constant with its escapes undone: ``\\x5f`` is an underscore."""
    if "\\" not in text:
        return text
    return text.encode("latin-1", "backslashreplace").decode("unicode-escape", "replace")
