"""The document of a file scan as a page shows it. Figures are those that the audit stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from audits.models import Run
from governance.web.templatetags import figures

Document = Mapping[str, Any]
MOST_FILES = 500
_GRAVEST = ("critical", "high", "medium", "low", "info")


def sentence(document: Document) -> str:
    """What a scan says, in one sentence."""
    return {
        "pass": _("Every byte was inspected, and nothing was found that a loader would run."),
        "warn": _("Every byte was inspected; something was found that should be looked at first."),
        "fail": _("Something was found that a loader would run, that is not known, or that is not what it seems."),
        "insufficient_data": _("Some bytes were not inspected or not at hand, so nothing can be said of them."),
        "no_information": _("There is no byte to inspect."),
    }.get(str(document.get("verdict")), "")


def shown(_run: Run, document: Document) -> dict[str, Any]:
    """The table of files: those with the gravest findings first, and how many bytes of each were inspected."""
    files = list(document.get("files", ()))
    rows = [
        {
            "path": one.get("path"),
            "inside": one.get("inside"),
            "format": one.get("format"),
            "engine": one.get("engine") or _("none"),
            "bytes": one.get("bytes"),
            "inspected": one.get("bytes_inspected"),
            "tensor_data": one.get("bytes_tensor_data"),
            "is_whole": one.get("bytes_inspected") == one.get("bytes"),
            "gravest": next((word for word in _GRAVEST if word in _severities(one)), ""),
            "count": len(one.get("findings", ())),
        }
        for one in files
    ]
    rows.sort(key=lambda row: (_GRAVEST.index(row["gravest"]) if row["gravest"] else 9, row["is_whole"]))
    return {
        "glance": _at_a_glance(document, files),
        "signatures": [_signature(one) for one in document.get("signatures", ())],
        "hub": _hub(document.get("hub")),
        "knows_signatures": "signatures" in document,
        "scanners": _scanners(document),
        "opinions": _opinions(document),
        "files": rows[:MOST_FILES],
        "files_more": max(0, len(rows) - MOST_FILES) + int(document.get("rows_left_out", 0)),
        "total_shown": figures.number(document.get("bytes_total", 0)),
        "inspected_shown": figures.number(document.get("bytes_inspected", 0)),
        "tensor_shown": figures.number(document.get("bytes_tensor_data", 0)),
    }


def _at_a_glance(document: Document, files: list[Any]) -> list[dict[str, Any]]:
    """What was read, what was not, what is dangerous, and how that is mended: one line each, the gravest first."""
    own = [one for one in files if not one.get("inside")]
    strange = [one for one in files if any(note.get("code") == _STRANGE for note in one.get("findings", ()))]
    dangerous = [one for one in files if _severities(one, but=_STRANGE) & {"critical", "high"}]
    pickled = [one for one in files if any(note.get("code") in _PICKLED for note in one.get("findings", ()))]
    elsewhere = document.get("findings_elsewhere", ())
    absent = [one.get("path") for one in elsewhere if one.get("code") == "files.not_given"]
    partly = [one.get("path") for one in own if one.get("bytes_inspected") != one.get("bytes")]
    said = []
    if dangerous:
        title = ngettext(
            "%(n)s file would run something, is not known, or is not what it seems",
            "%(n)s files would run something, are not known, or are not what they seem",
            len(dangerous),
        )
        said.append(_line("fail", title, dangerous, _("Load none of them; each finding says how it is mended.")))
    if strange:
        title = ngettext("%(n)s file is none of the version’s", "%(n)s files are none of the version’s", len(strange))
        mend = _("What is said of these bytes says nothing of the version. Attach its own files or import these.")
        said.append(_line("fail", title, strange, mend))
    if absent:
        title = ngettext(
            "%(n)s file of the version was not read", "%(n)s files of the version were not read", len(absent)
        )
        said.append(
            _line(
                "insufficient_data",
                title,
                absent,
                _("Fetch them from the Hub, or attach them; until then this blocks."),
            )
        )
    if partly:
        title = ngettext("%(n)s file was not read to its end", "%(n)s files were not read to their end", len(partly))
        said.append(
            _line("insufficient_data", title, partly, _("Nothing can be said of the rest; the findings say why."))
        )
    if pickled:
        title = ngettext("%(n)s file is a pickle", "%(n)s files are pickles", len(pickled))
        mend = _("Have the owner convert the model to safetensors, skops or ONNX where they trust it, and upload that.")
        said.append(_line("warn", title, pickled, mend))
    whole = len(own) - len(partly)
    title = ngettext("%(n)s file was read whole", "%(n)s files were read whole", whole)
    said.append(
        {
            "family": "pass" if whole else "no_information",
            "title": title % {"n": figures.number(whole)},
            "paths": "",
            "mend": "",
        }
    )
    return said


# Where it was not the scanner itself that gave up.
_ENDED = {
    "out_of_time": _lazy("it took too long"),
    "out_of_memory": _lazy("it took too much memory"),
    "crashed": _lazy("it broke down"),
    "given_up": _lazy("too many files before this one have ended it"),
}
_PICKLED = ("files.pickle_present", "files.numpy_objects")
_STRANGE = "files.other_bytes"
_NAMED = 4


def _line(family: str, title: str, found: list[Any], mend: str) -> dict[str, Any]:
    paths = [str(one.get("path") if isinstance(one, Mapping) else one) for one in found]
    named = ", ".join(paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
    return {"family": family, "title": title % {"n": figures.number(len(found))}, "paths": named, "mend": mend}


def _signature(one: Mapping[str, Any]) -> dict[str, Any]:
    family, word = {
        "verified": ("pass", _("verified")),
        "partial": ("warn", _("verified for a part of the files")),
        "wrong": ("fail", _("does not fit")),
    }.get(str(one.get("state")), ("insufficient_data", _("not verified")))
    return {
        "path": one.get("path"),
        "signer": one.get("signer"),
        "files": one.get("files"),
        "family": family,
        "word": word,
    }


def _hub(document: Document | None) -> dict[str, Any] | None:
    """What the Hub's scanners say; None where the Hub was not asked."""
    if not isinstance(document, Mapping):
        return None
    words = {
        "safe": _("safe"),
        "caution": _("caution"),
        "suspicious": _("suspicious"),
        "unsafe": _("unsafe"),
        "queued": _("waits to be scanned"),
        "error": _("could not be scanned"),
        "unscanned": _("not scanned"),
    }
    files = [
        {
            "path": one.get("path"),
            "word": words.get(str(one.get("status")), str(one.get("status"))),
            "scanners": ", ".join(f"{name}: {words.get(word, word)}" for name, word in one.get("scanners", {}).items()),
            "ours": one.get("ours"),
            "agrees": one.get("agrees"),
        }
        for one in document.get("files", ())
    ]
    return {
        "asked_at": parse_datetime(str(document.get("asked_at") or "")),
        "counts": [(words.get(word, word), n) for word, n in document.get("counts", {}).items()],
        "not_scanned": document.get("not_scanned", 0),
        "files": files[:MOST_FILES],
    }


def _scanners(document: Document) -> list[dict[str, Any]]:
    """Each other scanner that was asked, with its version, and of how many files it said what."""
    asked: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in document.get("opinions", ()):
        asked.setdefault((str(one.get("scanner")), str(one.get("version"))), []).append(one)
    found = []
    for (name, version), rows in asked.items():
        missing = not all(one.get("path") for one in rows)
        counts = {
            "alarming": len([one for one in rows if one.get("alarms")]),
            "failed": len([one for one in rows if one.get("failed")]),
            "passed_over": len([one for one in rows if one.get("passed_over")]),
        }
        family = "fail" if counts["alarming"] else "insufficient_data" if missing or counts["failed"] else "pass"
        found.append(
            {"name": name, "version": version, "missing": missing, "asked": len(rows), "family": family, **counts}
        )
    return found


def _opinions(document: Document) -> list[dict[str, Any]]:
    """What other scanners said where they said anything but that they see nothing, by file."""
    ours = {str(one.get("path")): one for one in document.get("files", ())}
    found = []
    for one in document.get("opinions", ()):
        alarms, failed, path = list(one.get("alarms", ())), bool(one.get("failed")), str(one.get("path"))
        notes = ours.get(path, {}).get("findings", ())
        differs = any(_differs(note, str(one.get("scanner"))) for note in notes)
        if path and (alarms or failed or differs):
            left_out = int(one.get("alarms_left_out", 0)) + max(0, len(alarms) - _NAMED)
            found.append(
                {
                    "path": path,
                    "scanner": one.get("scanner"),
                    "alarms": ", ".join(map(str, alarms[:_NAMED])),
                    "alarms_more": left_out,
                    "failed": failed,
                    "why": _ENDED.get(str(one.get("why")), "") if failed else "",
                    "differs": differs,
                }
            )
    return found[:MOST_FILES]


def _differs(note: Mapping[str, Any], scanner: str) -> bool:
    names = note.get("params", {}).get("names", ())
    return note.get("code") == "files.opinions_differ" and any(str(one).startswith(f"{scanner}: ") for one in names)


def _severities(one: Mapping[str, Any], *, but: str = "") -> set[str]:
    return {str(found.get("severity")) for found in one.get("findings", ()) if found.get("code") != but}
