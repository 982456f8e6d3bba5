"""The dossier of one version in one use case: what this product holds for each point of the AI Act's Annex IV.

It is a table of contents with what there is behind each line, and with the lines behind which there is nothing. Whether
a line is answered is for whoever draws up the technical documentation to decide; no line says that it is.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audits.models import Run
from governance.catalog.models import UseCase, Version
from governance.catalog.rendering import excerpt_html
from governance.catalog.use_cases import current_plan
from governance.evidence.metric_words import capital
from governance.evidence.showing import kind_name
from governance.reports import controls
from governance.reports.periods import LONGEST, Period, PeriodKind
from governance.reports.renditions import wording as words
from governance.reports.sections import decisions, exceptions, inventory, versions
from governance.reports.sections.asked import ReportScope, Row, subject_of
from governance.reports.sections.gaps import Gaps
from governance.reports.writing import encoded
from governance.web.templatetags import figures
from governance.web.templatetags.words import look_up

FORMAT = "assay-dossier/1"
# How much of what a card says is shown of a fact. The JSON has all of it.
LONGEST_PASSAGE = 400
FIRST_DAY = dt.date(2000, 1, 1)
Content = Mapping[str, Any]


@dataclass(frozen=True)
class OneVersion(ReportScope):
    """A report's reading, narrowed to one version in one use case, of all time until ``as_of``."""

    version: Version
    use_case: UseCase

    def versions(self) -> QuerySet[Version]:
        return super().versions().filter(pk=self.version.pk)

    def in_scope(self, rows: QuerySet[Row], *, by: str = "use_case") -> QuerySet[Row]:
        narrowed = {by: self.use_case, by.replace("use_case", "version"): self.version}
        return super().in_scope(rows, by=by).filter(**narrowed)

    def runs(self) -> QuerySet[Run]:
        return super().runs().filter(use_case__in=["", self.use_case.slug])


def document(*, version: Version, use_case: UseCase, at: dt.datetime) -> dict[str, Any]:
    """The dossier, JSON-ready: the points of Annex IV in order, each with the facts that speak to it.

    ``rows[].gaps`` are facts that this product could hold and does not; a row without facts is one to which nothing
    that it holds can speak (``state`` ``outside``). ``content`` holds the facts themselves, in the shapes of a report.
    """
    content: dict[str, Any] = json.loads(encoded(_content(version, use_case, at)))
    have = _counted(content)
    framework = next(one for one in controls.frameworks() if one.id == controls.ANNEX_IV)
    rows = []
    for control in framework.controls:
        held = [fact for fact in control.facts if have[fact]]
        gaps = [fact for fact in control.facts if not have[fact]]
        state = "outside" if not control.facts else "none" if not held else "some" if gaps else "all"
        about = {"id": control.id, "section": control.section, "names": control.names, "checked": control.checked}
        rows.append({**about, "state": state, "held": {fact: have[fact] for fact in held}, "gaps": gaps})
    return {
        "format": FORMAT,
        "subject": subject_of(version),
        "use_case": use_case.slug,
        "as_of": at.astimezone(dt.UTC).isoformat(),
        "framework": {
            name: getattr(framework, name) for name in ("id", "title", "citation", "dated", "address", "digest")
        },
        "rows": rows,
        "content": content,
    }


def _content(version: Version, use_case: UseCase, at: dt.datetime) -> dict[str, Any]:
    last = at.astimezone(dt.UTC).date()
    period = Period(PeriodKind.DAYS, f"{FIRST_DAY}..{last}", FIRST_DAY, last, "UTC")
    asked = OneVersion(period, use_case.owner_team, at, version, use_case)
    gaps = Gaps()
    made = [item for _title, item in decisions.items(asked, gaps)]
    decided = next((item for _title, item in versions.items(asked, gaps)), None)
    newest = next((item for _title, item in inventory.items(asked)), None)
    plan = current_plan(use_case)
    return {
        "inventory": [newest] if newest is not None else [],
        "versions": [_with_or_without_decision(decided, version, use_case)],
        "decisions": made,
        "exceptions": _exceptions(version, use_case, at),
        "not_checked": [{"code": gap.code, "params": gap.params} for gap in gaps.rows],
        "reproduction": {
            "audit_plans": sorted({*gaps.plans, *([plan.sha256] if plan is not None else [])}),
            "policies": [[name, number] for name, number in sorted(gaps.policies)],
            "commands": [],
        },
    }


def _exceptions(version: Version, use_case: UseCase, at: dt.datetime) -> list[Any]:
    """Those of the version, and suspensions of its whole entry, of the last year and in force."""
    begin = at - LONGEST
    period = Period(PeriodKind.DAYS, "", begin.date(), at.date(), "UTC")
    found = []
    for _title, item in exceptions.items(ReportScope(period, use_case.owner_team, at)):
        subject, entry = item.get("subject"), item.get("entry")
        is_its = subject is not None and subject["digest"] == version.digest
        is_of_entry = subject is None and entry == {"kind": version.entry.kind, "id": version.entry.repo_id}
        if (is_its or is_of_entry) and item["use_case"] in (None, use_case.slug):
            found.append(item)
    return found


def _with_or_without_decision(decided: Any, version: Version, use_case: UseCase) -> dict[str, Any]:
    if decided is not None:
        return dict(decided)
    card = version.card
    return {
        "key": version.digest,
        "subject": subject_of(version),
        "card": None if card is None else versions.card_of(card),
        "card_sha256": None if card is None else card.sha256,
        "use_cases": [versions.use_case_of(use_case)],
        "decisions": [],
        "audits": [],
        "licence": None,
        "declared": [],
    }


def _counted(content: Content) -> dict[str, int]:
    tally = controls.Tally()
    for name in ("inventory", "versions", "decisions", "exceptions", "not_checked"):
        for item in content[name]:
            tally.see(name, item)
    tally.see("reproduction", content["reproduction"])
    # what its decisions rested on can be made again
    return {**tally.counts, "reproduction": sum(len(one["audits"]) for one in content["versions"])}


# --- in words ----------------------------------------------------------------------------------------------------

STATES = {
    "all": gettext_lazy("There is something of every kind of fact that could speak to it"),
    "some": gettext_lazy("Some facts, and gaps"),
    "none": gettext_lazy("A gap: nothing is there"),
    "outside": gettext_lazy("Outside this product: to be brought from elsewhere"),
}
TONES = {"all": "wait", "some": "warn", "none": "open", "outside": "none"}


def shown(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a dossier in the language in force: what is held in short, and what is missing."""
    made = []
    for row in told["rows"]:
        content = told["content"]
        held = [
            {"name": _label(fact), "lines": _lines(fact, content), "passages": _passages(fact, content)}
            for fact in row["held"]
        ]
        gaps = [_label(fact) for fact in row["gaps"]]
        name = words.said(row["names"])
        state = str(STATES[row["state"]])
        made.append({**row, "name": name, "held": held, "gaps": gaps, "tone": TONES[row["state"]], "says": state})
    return made


def gaps(told: Mapping[str, Any]) -> dict[str, int]:
    """How many points of Annex IV are in each state."""
    return {state: sum(row["state"] == state for row in told["rows"]) for state in STATES}


def _label(fact: str) -> str:
    return capital(words.named(words.FACTS, fact))


_OF_THE_CARD: Mapping[str, tuple[str, ...]] = {
    "card.purpose": ("intended_uses",),
    "card.limits": ("limitations",),
    "card.data": ("training_data", "creation", "structure"),
    "card.evaluation": ("evaluation",),
}


def _passages(fact: str, content: Content) -> list[SafeString]:
    """What the card says of a fact, as safe HTML: strangers wrote it."""
    card = content["versions"][0]["card"] or {}
    return [
        excerpt_html(str(card[name]), most=LONGEST_PASSAGE) for name in _OF_THE_CARD.get(fact, ()) if card.get(name)
    ]


def _lines(fact: str, content: Content) -> list[str]:
    """What there is of a fact beside the card's words, in some short lines."""
    item = (content["inventory"] or [None])[0]
    if fact.startswith("audit."):
        audits = item["audits"] if item else []
        return [_audit_line(one) for one in audits if one["verdict"] and _is_of(fact, one["kind"])]
    told = _FACTS.get(fact)
    return told(content) if told is not None else []


def _is_of(fact: str, kind: str) -> bool:
    return bool(controls.FACTS[fact][1]({"audits": [{"kind": kind, "verdict": "pass"}]}))


def _audit_line(one: Mapping[str, Any]) -> str:
    family = {"license": "licence", "ll144": "ll144"}.get(one["kind"], "verdict")
    verdict = look_up(one["verdict"], family).label
    return _("%(kind)s: %(verdict)s, run %(run)s, %(day)s") % {
        "kind": capital(kind_name(one["kind"])),
        "verdict": verdict,
        "run": one["run"],
        "day": _day(one["finished_at"]),
    }


def _day(value: object) -> str:
    found = figures.moment(value)
    return figures.day(found) if found is not None else ""


def _decided(content: Content) -> list[str]:
    made = []
    for one in content["decisions"]:
        outcome = look_up(one["outcome"], "submission").label
        lanes = ", ".join(f"{look_up(vote['lane'], 'lane').label} {vote['value']:+d}" for vote in one["votes"])
        made.append(f"{_day(one['decided_at'])}: {look_up(one['stage'], 'stage').label}, {outcome}. {lanes}")
    return made


def _identity(content: Content) -> list[str]:
    subject = content["versions"][0]["subject"]
    return [f"{subject['id']} @ {subject['revision']}", f"sha256 {subject['digest']}"]


def _use_case(content: Content) -> list[str]:
    return [
        f"{one['name']} ({look_up(one['tier'], 'tier').label}): {one['purpose']} {one['people_affected']}".strip()
        for one in content["versions"][0]["use_cases"]
    ]


_FACTS: Mapping[str, Callable[[Content], list[str]]] = {
    "identity": _identity,
    "use_case": _use_case,
    "decisions": _decided,
    "lineage": lambda content: [
        f"{look_up(one['relation'], 'relation').label}: {one['id']}" for one in content["inventory"][0]["lineage"]
    ],
    "licence": lambda content: [
        f"{content['versions'][0]['licence'].get('expression') or ''}"
        f" ({look_up(content['versions'][0]['licence'].get('verdict'), 'licence').label})"
    ],
    "approvals": lambda content: [
        f"{look_up(one['stage'], 'stage').label}, {_('until')} {_day(one['expires_at'])}"
        for one in content["inventory"][0]["stages"]
    ],
    "policies": lambda content: [f"{name} {number}" for name, number in content["reproduction"]["policies"]],
    "audit_plan": lambda content: [f"sha256 {one}" for one in content["reproduction"]["audit_plans"]],
    "waivers": lambda content: [
        f"{words.named(words.EXCEPTIONS, one['kind'])}: {one['reason'][:200]}"
        for one in content["exceptions"]
        if one["kind"] != "suspension"
    ],
    "suspensions": lambda content: [
        one["reason"][:200] for one in content["exceptions"] if one["kind"] == "suspension"
    ],
    "pilot": lambda content: [
        f"{_day(one['started_on'])} – {_day(one['ended_on'])}" for one in content["versions"][0]["declared"]
    ],
}
