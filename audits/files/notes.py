"""What the scan finds: a code and a path, once each, with all the names that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_NAMES = 20
MOST_NOTES = 2_000
_LARGEST = 2**53 - 1  # beyond it JSON numbers lose their last digits

CODES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # What a loader would run.
    "files.pickle_runs_code": ("critical", ("names",)),
    "files.pickle_computed_global": ("critical", ()),
    "files.pickle_calls_computed": ("critical", ()),
    "files.pickle_changes_global": ("critical", ("names",)),
    "files.pickle_unknown_global": ("high", ("names",)),
    "files.pickle_extension": ("high", ("names",)),
    "files.pickle_arguments": ("high", ("names",)),
    "files.pickle_broken": ("high", ("at", "why")),
    "files.pickle_of_library": ("medium", ("names",)),
    "files.pickle_present": ("medium", ()),
    "files.pickle_nested": ("medium", ("names",)),
    "files.numpy_objects": ("medium", ()),
    "files.graph_dangerous_ops": ("critical", ("names",)),
    "files.graph_present": ("medium", ()),
    "files.keras_lambda": ("critical", ("names",)),
    "files.keras_custom": ("high", ("names",)),
    "files.keras_reads": ("high", ("names",)),
    "files.torchscript_present": ("medium", ()),
    "files.torchscript_ops": ("high", ("names",)),
    "files.onnx_python_op": ("critical", ("names",)),
    "files.onnx_custom_ops": ("high", ("names",)),
    "files.onnx_data_outside": ("critical", ("names",)),
    "files.onnx_data_absent": ("medium", ("names",)),
    "files.executable": ("high", ("names",)),
    "files.code_present": ("medium", ()),
    "files.code_dangerous": ("high", ("names",)),
    "files.code_mapped": ("high", ("names",)),
    "files.code_trusted": ("high", ()),
    "files.template_escapes": ("critical", ("names",)),
    "files.template_unknown": ("high", ("names",)),
    # What is not what it seems.
    "files.name_misleads": ("medium", ("said", "found")),
    "files.two_formats": ("high", ("names",)),
    "files.trailing_data": ("medium", ("bytes",)),
    "files.hidden_bytes": ("medium", ("bytes",)),
    "files.headers_disagree": ("high", ("names",)),
    "files.checksum_wrong": ("high", ("names",)),
    "files.encryption_feigned": ("high", ("names",)),
    "files.encrypted": ("high", ("names",)),
    "files.name_twice": ("high", ("names",)),
    "files.path_escapes": ("critical", ("names",)),
    "files.link": ("high", ("names",)),
    "files.special_file": ("high", ("names",)),
    "files.broken": ("high", ("why", "at")),
    "files.expands": ("high", ("why",)),
    "files.lfs_pointer": ("medium", ()),
    "files.secret": ("high", ("names",)),
    # What was not looked at, and whose bytes they are.
    "files.not_inspected": ("medium", ("why", "bytes")),
    "files.no_bytes": ("medium", ()),
    "files.not_given": ("medium", ("bytes",)),
    "files.other_bytes": ("high", ()),
    # What others say of the same files.
    "files.signature_wrong": ("high", ("names",)),
    "files.signature_differs": ("high", ("names",)),
    "files.signature_absent": ("medium", ("names",)),
    "files.signature_leaves_out": ("medium", ("names",)),
    "files.signature_unverified": ("low", ("why",)),
    "files.signature_verified": ("info", ("names",)),
    "files.hub_alarms": ("high", ("names",)),
    "files.hub_doubts": ("medium", ("names",)),
    "files.hub_silent": ("medium", ("names",)),
    "files.opinions_differ": ("high", ("names",)),
    "files.opinion_failed": ("medium", ("names",)),
    "files.opinion_missing": ("medium", ("names", "why")),
}
"""Code -> severity, and the parameters that its sentence has. Critical and high fail the scan, medium is a warning."""


@dataclass
class Note:
    """One finding at one path: its parameters, and the names that it is about, of which ``count`` were seen."""

    code: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def severity(self) -> str:
        return CODES[self.code][0]

    def as_document(self) -> dict[str, Any]:
        """JSON-ready; the names in their order, whatever the order in which they were found."""
        params = dict(self.params)
        if self.names:
            params |= {"names": sorted(self.names), "count": self.count}
        return {"code": self.code, "severity": self.severity, "params": params}


class Notes:
    """Findings in the order of their first mention. Names beyond the first few are counted only."""

    def __init__(self) -> None:
        self._by_place: dict[tuple[str, str], Note] = {}
        self._seen: set[tuple[str, str, str]] = set()
        self.left_out = 0

    def add(self, code: str, path: str, name: str = "", **params: Any) -> None:
        """Note a finding; ``name`` is one of the things it is about, the parameters are those of the first mention."""
        note = self._by_place.get((code, path))
        if note is None:
            if len(self._by_place) >= MOST_NOTES:
                self.left_out += 1
                return
            note = self._by_place[code, path] = Note(code, path, {key: clean(value) for key, value in params.items()})
        elif "bytes" in params and "bytes" in note.params:
            note.params["bytes"] = clean(note.params["bytes"] + params["bytes"])
        if not name:
            return
        name = clean(name)
        if (code, path, name) in self._seen:
            return
        note.count += 1
        if len(note.names) < MOST_NAMES:
            note.names.append(name)
            self._seen.add((code, path, name))

    def drop(self, code: str, path: str) -> None:
        """Take a finding back that something else has explained."""
        self._by_place.pop((code, path), None)

    def __iter__(self) -> Iterator[Note]:
        return iter(self._by_place.values())


def clean(value: Any, longest: int = 160) -> Any:
    """A value that may be stored and shown: text without halves of characters and control characters, not too long."""
    if isinstance(value, int):
        return max(-_LARGEST, min(value, _LARGEST))
    if not isinstance(value, str):
        return value
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in value[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
