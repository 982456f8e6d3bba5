"""What breaks a model under stress and by which example, for whoever reads nothing else. It computes no figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from governance.evidence.stress_inputs_report import change_name, score_of
from governance.evidence.wording import stress_inputs as words
from governance.evidence.wording.stress import family_name
from governance.web.templatetags import figures

Document = Mapping[str, Any]
# More than a page's beginning holds; the rest stands below, part by part.
MOST = 8


def broken(parts: Mapping[str, Document]) -> dict[str, Any]:
    """``rows``: what fails, worst first, each ``what``, a ``figure`` (``value``, its interval, ``n``) or what it
    ``says``, an ``example``, a ``text`` that may offend, and ``at`` where on the page there is more. ``more``: how many
    of them are not among these."""
    found = [*_ends(parts), *sorted(_turns(parts), key=lambda one: one["figure"]["value"], reverse=True)]
    found += _others(parts)
    return {"rows": found[:MOST], "more": max(len(found) - MOST, 0)}


def _row(what: str, at: str, *, figure: Document | None = None, says: str = "", example: str = "") -> dict[str, Any]:
    return {"what": what, "at": at, "figure": figure, "says": says, "example": example, "text": None}


def _ends(parts: Mapping[str, Document]) -> Iterator[dict[str, Any]]:
    """Inputs after which there is no model, or none that answers."""
    for one in parts.get("texts", {}).get("families", ()):
        if one["failures"]:
            yield _row(family_name(one["family"]), "turned", says=_("the model broke"))
    for row in parts.get("malformed", {}).get("outcomes", ()):
        if row["failed"]:
            said = str(words.OUTCOMES.get(row["outcome"], row["outcome"]))
            if row["goes_on"] is not True:
                said = _("%(outcome)s; goes on afterwards: %(goes_on)s") % {
                    "outcome": said,
                    "goes_on": words.GOES_ON.get(row["goes_on"], row["goes_on"]),
                }
            yield _row(
                str(words.INPUTS.get(row["input"], row["input"])), "malformed", says=said, example=row["message"]
            )
    broke = parts.get("determinism", {}).get("broke")
    if broke:
        yield _row(
            _("The same rows in another order"), "determinism", says=_("the model broke"), example=broke["message"]
        )


def _turns(parts: Mapping[str, Document]) -> Iterator[dict[str, Any]]:
    """Changes under which answers turn that have to hold, with how often."""
    for one in parts.get("texts", {}).get("families", ()):
        if one["verdict"] == "fail" and not one["failures"] and one["judged"] and one["judged"]["value"] is not None:
            made = _row(family_name(one["family"]), "turned", figure=one["judged"])
            yield {**made, "text": next(iter(one.get("examples", ())), None)}
    yield from _of_columns(parts.get("tabular", {}))
    examples = parts.get("images", {}).get("examples", ())
    for row in parts.get("images", {}).get("corruptions", ()):
        if row["verdict"] == "fail":
            name = str(words.CORRUPTIONS.get(row["corruption"], row["corruption"]))
            example = next((one for one in examples if one["corruption"] == row["corruption"]), None)
            yield _row(name, "images", figure=row["judged"], example=_of_picture(example))
    for row in parts.get("determinism", {}).get("ways", ()):
        if row["labels_changed"]:
            yield _row(str(words.WAYS.get(row["way"], row["way"])), "determinism", figure=row)


def _of_columns(part: Document) -> Iterator[dict[str, Any]]:
    worst: dict[tuple[str, str], Document] = {}
    for row in part.get("rows", ()):
        change = row["relation"], row["column"]
        if row.get("verdict") == "fail" and (change not in worst or row["value"] > worst[change]["value"]):
            worst[change] = row
    for change, row in worst.items():
        example = next((one for one in part["examples"] if (one["relation"], one["column"]) == change), None)
        yield _row(change_name(row), "tabular", figure=row, example=_of_row(example))


def _of_row(one: Document | None) -> str:
    if one is None:
        return ""
    told = [_("row %(row)s") % {"row": one["row"]}]
    if one["column"]:
        told.append(f"{one['column']} {_cell(one['value'])} → {_cell(one['changed'])}")
    told.append(_("answer %(before)s → %(after)s") % {"before": one["before"], "after": _cell(one["after"])})
    if score := score_of(one):
        told.append(_("score %(score)s") % {"score": score})
    return ", ".join(told)


def _of_picture(one: Document | None) -> str:
    if one is None:
        return ""
    return _("row %(row)s at severity %(severity)s, answer %(before)s → %(after)s") % {
        **one,
        "after": _cell(one["after"]),
    }


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else str(value)


def _others(parts: Mapping[str, Document]) -> Iterator[dict[str, Any]]:
    kept = parts.get("kept_cases", {})
    if kept.get("failed"):
        told = {"failed": figures.number(kept["failed"]), "n": figures.number(kept["n"])}
        yield _row(_("Permanent tests"), "kept_cases", says=_("%(failed)s of %(n)s turned out wrong.") % told)
    if parts.get("templates", {}).get("verdict") == "fail":
        yield _row(_("Templates"), "templates", says=_("too many cases are wrong; see the findings"))
    if parts.get("load", {}).get("verdict") == "fail":
        yield _row(_("Under load"), "load", says=_("too slow for the limit of the audit plan"))
