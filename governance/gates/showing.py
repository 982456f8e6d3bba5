"""How the gate of a use case is set, in words."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from governance.catalog.models import Stage, UseCase
from governance.gates import modes
from governance.web.sentences import SHORTEST_REASON, as_sentence


def stages(use_case: UseCase, *, at: dt.datetime) -> list[dict[str, Any]]:
    """Every stage with what a no does there now, and what says so. One query."""
    set_so = {row.stage: row for row in modes.in_effect(use_case, at=at)}
    says = {
        "enforce": _("a no stops the pipeline"),
        "warn": _("a no is said aloud, and stops nothing"),
        "observe": _("a no stops nothing, and nobody is warned"),
    }
    made = []
    for stage in Stage:
        found = set_so.get(stage.value)
        mode = found.mode if found is not None else "enforce"
        made.append({"stage": stage.value, "mode": mode, "says": says[mode], "set": found})
    return made


def meaning(mode: str) -> str:
    """What it means for a pipeline that a gate is set so, as a sentence; "" where it is enforced."""
    return {
        "warn": _("The gate is not enforced: it says a no aloud, and the pipeline goes on all the same."),
        "observe": _(
            "The gate is not enforced: it only observes. A no is written down, nobody is warned, and the pipeline goes"
            " on all the same."
        ),
    }.get(mode, "")


def told(refusal: modes.ModeRefused) -> str:
    """A refusal in the reader's language."""
    known = {
        "not_a_risk_officer": _("Only a risk officer of the use case's team sets its gate; ask one of them."),
        "reason_required": _("Say why, in %(least)s to %(most)s characters: others will read it.")
        % {"least": SHORTEST_REASON, "most": modes.LONGEST_REASON},
        "until_without_use": _("A gate that is enforced needs no end; leave the day empty."),
        "production_is_enforced": _("The gate of production is always enforced; ask for a waiver instead."),
        "until_required": _("Say until when; after that the gate is enforced again by itself."),
        "until_out_of_range": _("The end has to lie ahead, by %(days)s days at most.") % {"days": modes.LONGEST.days},
    }
    return known.get(refusal.code, as_sentence(refusal.message))
