"""The document of a stress audit as a page shows it: the sentence, the curves, what turned. It computes no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.models import Run
from governance.evidence import stress_broken, stress_inputs_report
from governance.evidence.stress_cases import gives_vectors
from governance.evidence.stress_inputs_report import point, top_of
from governance.evidence.wording.stress import family_name
from governance.evidence.wording.stress_inputs import PROMISES
from governance.web.templatetags import figures

Document = Mapping[str, Any]


def sentence(document: Document) -> str:
    """What the audit found, about what it is worst. Never an average alone."""
    texts = document["parts"].get("texts")
    worst = _worst(texts) if texts is not None else None
    broken = [one["family"] for one in texts["families"] if one["failures"]] if texts is not None else []
    if broken:
        return _("The model broke when texts changed: %(families)s.") % {
            "families": ", ".join(family_name(one) for one in broken)
        }
    if document["verdict"] == "no_information":
        return _("The model gives every input the same answer, so changing inputs says nothing.")
    if worst is None or (document["verdict"] == "fail" and texts is not None and texts["verdict"] != "fail"):
        failing = stress_inputs_report.worst_failing(document["parts"])
        if document["verdict"] == "fail" and failing is not None:
            what, row = failing
            told = {"what": what, "figure": _figure(row), "n": figures.sample(row["n"])}
            told["fail_at"] = figures.figure("rate", document["plan"]["fail_at"])
            if row.get("expected") in PROMISES:
                # A reader who knows no statistics sees what is wrong with it, not the name of a test.
                return (
                    _(
                        "The model breaks a promise of the audit plan. %(what)s, but does for %(figure)s of the rows"
                        " that it is asked about, %(n)s; at most %(fail_at)s may."
                    )
                    % told
                )
            return (
                _("Answers do not hold. Worst: %(what)s, %(figure)s of answers fail, %(n)s; the limit is %(fail_at)s.")
                % told
            )
        return {
            "pass": _("The answers hold under everything that was tried."),
            "fail": _("Something that was tried turns answers that have to hold; see below."),
        }.get(str(document["verdict"]), _("It cannot be told yet whether the answers hold; see below."))
    told = {
        "family": family_name(worst["family"]),
        "figure": _figure(worst["judged"]),
        "n": figures.sample(worst["judged"]["n"]),
        "fail_at": figures.figure("rate", document["plan"]["fail_at"]),
        "warn_at": figures.figure("rate", document["plan"]["warn_at"]),
    }
    return {
        "fail": _(
            "Answers do not hold. Worst: %(family)s, %(figure)s of right answers turn, %(n)s; the limit is %(fail_at)s."
        ),
        "pass": _("Answers hold. At worst, under %(family)s, %(figure)s of right answers turn, %(n)s."),
        "warn": _(
            "It cannot be told yet whether answers hold. Worst: %(family)s, %(figure)s of right answers turn, %(n)s;"
            " below %(warn_at)s passes."
        ),
    }.get(
        str(document["verdict"]),
        _("Too few right answers for a verdict. Worst so far: %(family)s, %(figure)s of them turn, %(n)s."),
    ) % told


def _worst(texts: Document) -> Document | None:
    """The family that decides and turns most."""
    judged = [one for one in texts["families"] if one["judged"] is not None and one["judged"]["value"] is not None]
    deciding = [one for one in judged if one["role"] == "gating"] or judged
    return max(deciding, key=lambda one: (one["judged"]["value"], one["family"]), default=None)


def shown(run: Run, document: Document) -> dict[str, Any]:
    """Curves, tables and examples of every part that was run."""
    parts = document["parts"]
    made: dict[str, Any] = {
        "isolation": document["execution"]["isolation"],
        "model": document["model"],
        "answers": figures.number(document["execution"]["answers"]),
        "cases_said": cases_said(document["cases"]["n"], left_out=_left_out(parts)),
        "fail_at": document["plan"]["fail_at"],
        "broken": stress_broken.broken(parts),
        "input_parts": stress_inputs_report.shown_all(parts),
        "other_parts": [
            {"key": name, "name": part_name(name), **part}
            for name, part in parts.items()
            if name != "texts" and name not in stress_inputs_report.SHOWN
        ],
    }
    if "texts" in parts:
        made |= _texts(parts["texts"], document["plan"])
    return made


def part_name(name: str) -> str:
    """A part of a stress audit in words; one that is not known keeps its name."""
    return {
        "texts": _("Changed texts"),
        "templates": _("Templates"),
        "kept_cases": _("Permanent tests"),
    }.get(name, name.replace("_", " "))


def _left_out(parts: Document) -> int:
    """How many wrong inputs were counted and not kept: of columns a bounded number is."""
    tabular = parts.get("tabular", {})
    return int(tabular["cases_total"] - tabular["cases_kept"]) if "cases_kept" in tabular else 0


def cases_said(n: int, *, left_out: int = 0) -> str:
    """How many inputs turned out wrong, and how many of them can be read."""
    if left_out:
        told = {"n": figures.number(n), "total": figures.number(n + left_out)}
        return _("%(n)s of %(total)s inputs that turned out wrong are kept.") % told
    return ngettext("%(n)s input turned out wrong.", "%(n)s inputs turned out wrong.", n) % {"n": figures.number(n)}


def _texts(texts: Document, plan: Document) -> dict[str, Any]:
    families = [one for one in texts["families"] if one["judged"] is not None or one["failures"]]
    idle = [family_name(one["family"]) for one in texts["families"] if one["judged"] is None and not one["failures"]]
    return {
        "clean": texts["clean"],
        "gives_vectors": gives_vectors(texts),
        "rows": [_row(one) for one in families],
        "idle": ", ".join(idle),
        "turning": [_curve(one, "flips") for one in families],
        "turning_top": top_of(row["flips"]["value"] for one in families for row in one["curve"] if "flips" in row),
        "fail_at": plan["fail_at"],
        "judged_at": plan["judged_at"],
        "accuracies": [_curve(one, "accuracy", clean=texts["clean"]) for one in families] if texts["labelled"] else [],
        "worst_case": _worst_case(texts["worst_case"]),
        "turned": [
            {"family": family_name(one["family"]), "examples": one["examples"]} for one in families if one["examples"]
        ],
    }


def _row(one: Document) -> dict[str, Any]:
    judged = one["judged"]
    drop = next((row.get("drop") for row in one["curve"] if judged and row["severity"] == judged["at"]), None)
    return {
        "family": family_name(one["family"]),
        "gating": one["role"] == "gating",
        "judged": judged,
        "drop": drop,
        "retained": one["retained"],
        "verdict": one["verdict"],
        "broke": bool(one["failures"]),
    }


def _curve(one: Document, key: str, *, clean: Document | None = None) -> dict[str, Any]:
    points = [] if clean is None else [point(0, clean)]
    points += [point(row["severity"], row.get(key)) for row in one["curve"]]
    return {
        "label": family_name(one["family"]),
        "verdict": one["verdict"] if key == "flips" else "",
        "said": "" if one["role"] == "gating" or key != "flips" else _("for information"),
        "steps": points,
    }


def _worst_case(rows: Sequence[Document]) -> list[dict[str, Any]]:
    return [
        {
            "severity": row["severity"],
            "families": row["families"],
            "figure": _figure(row),
            "n": row["n"],
            "average": figures.figure("rate", row["average"]),
        }
        for row in rows
    ]


def _figure(row: Document) -> str:
    value = figures.figure("rate", row["value"])
    return f"{value} {figures.interval('rate', row['ci_low'], row['ci_high'])}".strip()
