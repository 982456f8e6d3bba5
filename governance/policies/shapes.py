"""A policy as it is evaluated and stored: normalised, checked, complete.

What a document does not say is left out of its JSON, so that one that was published before a key was known keeps its
digest.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import rfc8785

from governance.policies.moments import moment

API_VERSION = "assay/v1"

STAGES = ("prototype", "pilot", "production")
TIERS = ("minimal", "limited", "high", "critical")
SUBJECT_KINDS = ("model", "dataset", "space")
LANES = ("domain", "ethics", "security", "legal", "risk", "audit")
SEVERITIES = ("fail", "warn", "info")

LOWEST_VOTE, AGREES, HIGHEST_VOTE = -2, 1, 2
MAX_DAYS = 730
MAX_REQUIREMENTS = 100
MAX_VOTES_PER_LANE = 20

# For how long at most a requirement may be waived in a use case of a tier.
WAIVER_DAYS: Mapping[str, int] = {"minimal": 180, "limited": 180, "high": 90, "critical": 30}
WAIVING_ROLES = ("risk_officer", "approver", "admin")


@dataclass(frozen=True)
class Waivable:
    """That a requirement may be waived: by people of role ``by``, for at most ``max_days`` and the tier's maximum."""

    max_days: int = max(WAIVER_DAYS.values())
    by: str = "risk_officer"

    def days(self, tier: str) -> int:
        """The longest waiver in a use case of a tier; of a tier that nobody knows the shortest."""
        return min(self.max_days, WAIVER_DAYS.get(tier, min(WAIVER_DAYS.values())))

    def as_json(self) -> dict[str, Any]:
        return {"maxDays": self.max_days, "by": [self.by]}


WAIVABLE_UNLESS_SAID = Waivable()

# What becomes of a lane's votes on a version of which only the card's text has changed.
COPY = ("never", "card_text_only")

# How a test may expect a requirement or the verdict to come out.
STATUSES = ("SATISFIED", "UNSATISFIED", "PENDING", "NOT_APPLICABLE", "ERROR")
VERDICTS = ("allow", "warn", "deny", "pending", "error")
VERDICT = "verdict"


@dataclass(frozen=True)
class Requirement:
    """One audit that has to be there, with the verdicts that satisfy, at most ``max_age_days`` old.

    Beside that, or instead of it (``kind`` is empty then), ``satisfied_if`` is a condition on the facts that has to
    hold; where ``applicable_if`` does not hold the requirement is not asked. ``needs`` are the audits that have to be
    made for the condition, ``maps`` the paragraphs of frameworks that the requirement is for.

    ``severity`` is what it means when unsatisfied: ``fail`` closes the gate, ``warn`` opens it with a warning,
    ``info`` decides nothing. ``known_verdicts`` is all that the audit could answer when the policy was published;
    an answer outside it is an error and not a matter of taste.
    """

    id: str
    title: str
    kind: str
    verdicts: tuple[str, ...]
    known_verdicts: tuple[str, ...]
    severity: str
    max_age_days: int | None
    waivable: Waivable | None = WAIVABLE_UNLESS_SAID
    applicable_if: str = ""
    satisfied_if: str = ""
    needs: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The kinds of audit that it rests on."""
        return tuple(dict.fromkeys((*((self.kind,) if self.kind else ()), *self.needs)))

    @property
    def expressions(self) -> tuple[str, ...]:
        return tuple(text for text in (self.applicable_if, self.satisfied_if) if text)

    def as_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"id": self.id, "title": self.title, "severity": self.severity}
        if self.kind:
            document |= {
                "kind": self.kind,
                "verdicts": list(self.verdicts),
                "knownVerdicts": list(self.known_verdicts),
            }
        if self.max_age_days is not None:
            document["maxAgeDays"] = self.max_age_days
        # What is not said is left out, so that documents of before keep their digest.
        if self.waivable != WAIVABLE_UNLESS_SAID:
            document["waivable"] = False if self.waivable is None else self.waivable.as_json()
        said = {
            "applicableIf": self.applicable_if,
            "satisfiedIf": self.satisfied_if,
            "needs": list(self.needs),
            "maps": list(self.maps),
        }
        return document | {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class LaneRule:
    """``min`` people of the lane have to agree (vote 1 or 2); a vote of ``veto`` or lower blocks.

    ``copy_if`` says whether votes are taken over to a version of which only the card's text has changed; where nothing
    is said, they are wherever the change leaves the lane alone.
    """

    lane: str
    min: int
    veto: int
    copy_if: str | None = None

    def as_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"lane": self.lane, "min": self.min, "veto": self.veto}
        return document if self.copy_if is None else document | {"copyIf": self.copy_if}


@dataclass(frozen=True)
class Case:
    """A test inside the file: on these facts these requirements come out so. ``lines`` are those of the file."""

    name: str
    facts: Mapping[str, Any]
    expect: tuple[tuple[str, str], ...]
    lines: tuple[int, ...] = field(default=(), compare=False)

    def __hash__(self) -> int:
        return hash((self.name, self.expect))

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "facts": dict(self.facts), "expect": dict(self.expect)}


@dataclass(frozen=True)
class PolicyDocument:
    """A policy as it is evaluated: normalised, checked, complete."""

    name: str
    title: str
    stages: tuple[str, ...]
    tiers: tuple[str, ...]
    kinds: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    votes: tuple[LaneRule, ...]
    distinct_voters: int
    valid_days: int
    auto_decide: bool
    applies_when: str = ""
    version: int | None = None
    effective_from: str = ""
    grace_days: int = 0
    description: str = ""
    tests: tuple[Case, ...] = ()

    @property
    def effective_at(self) -> dt.datetime | None:
        """The moment from which it is used; None: from its publication on."""
        return moment(self.effective_from)

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        """All conditions of the policy, in the order of the document."""
        found = [self.applies_when] if self.applies_when else []
        return tuple(dict.fromkeys([*found, *(text for need in self.requirements for text in need.expressions)]))

    def applies_to(self, *, kind: str, tier: str, stage: str) -> bool:
        """Whether the policy speaks about a subject of this kind, in a use case of this tier, at this stage.

        ``applies_when`` is another question: it needs the facts.
        """
        return kind in self.kinds and tier in self.tiers and stage in self.stages

    def as_json(self) -> dict[str, Any]:
        """The normalised document as JSON-ready data; ``from_json`` reads it back."""
        metadata: dict[str, Any] = {"name": self.name, "title": self.title}
        said = {
            "version": self.version,
            "effectiveFrom": self.effective_from,
            "graceDays": self.grace_days,
            "description": self.description,
        }
        document: dict[str, Any] = {
            "apiVersion": API_VERSION,
            "kind": "Policy",
            "metadata": metadata | {name: value for name, value in said.items() if value},
            "appliesTo": {"stages": list(self.stages), "tiers": list(self.tiers), "kinds": list(self.kinds)},
            "requirements": [requirement.as_json() for requirement in self.requirements],
            "votes": [rule.as_json() for rule in self.votes],
            "distinctVoters": self.distinct_voters,
            "validDays": self.valid_days,
            "autoDecide": self.auto_decide,
        }
        if self.applies_when:
            document["appliesWhen"] = self.applies_when
        return document | ({"tests": [case.as_json() for case in self.tests]} if self.tests else {})

    @cached_property
    def sha256(self) -> str:
        """Digest of the RFC 8785 JSON of the normalised document, which decisions quote."""
        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()


def from_json(value: Any) -> PolicyDocument:
    """The document that ``as_json`` wrote.

    Raises:
        ValueError: the value is not such a document, or says something that this program does not understand.
    """
    try:
        document = PolicyDocument(
            name=value["metadata"]["name"],
            title=value["metadata"]["title"],
            stages=tuple(value["appliesTo"]["stages"]),
            tiers=tuple(value["appliesTo"]["tiers"]),
            kinds=tuple(value["appliesTo"]["kinds"]),
            requirements=tuple(_requirement_from(row) for row in value["requirements"]),
            votes=tuple(LaneRule(row["lane"], row["min"], row["veto"], row.get("copyIf")) for row in value["votes"]),
            distinct_voters=value["distinctVoters"],
            valid_days=value["validDays"],
            auto_decide=value["autoDecide"],
            applies_when=value.get("appliesWhen", ""),
            version=value["metadata"].get("version"),
            effective_from=value["metadata"].get("effectiveFrom", ""),
            grace_days=value["metadata"].get("graceDays", 0),
            description=value["metadata"].get("description", ""),
            tests=tuple(
                Case(row["name"], row["facts"], tuple(sorted(row["expect"].items()))) for row in value.get("tests", ())
            ),
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"not a policy document: {exc!r}") from exc
    # A key that this program dropped silently would be a requirement that nobody checks.
    if document.as_json() != value:
        raise ValueError("not a policy document of this version of the program: it holds what cannot be read back")
    return document


def _requirement_from(row: Any) -> Requirement:
    return Requirement(
        id=row["id"],
        title=row["title"],
        kind=row.get("kind", ""),
        verdicts=tuple(row.get("verdicts", ())),
        known_verdicts=tuple(row.get("knownVerdicts", ())),
        severity=row["severity"],
        max_age_days=row.get("maxAgeDays"),
        waivable=_waivable_from(row.get("waivable")),
        applicable_if=row.get("applicableIf", ""),
        satisfied_if=row.get("satisfiedIf", ""),
        needs=tuple(row.get("needs", ())),
        maps=tuple(row.get("maps", ())),
    )


def _waivable_from(value: Any) -> Waivable | None:
    if value is None:
        return WAIVABLE_UNLESS_SAID
    return None if value is False else Waivable(max_days=value["maxDays"], by=value["by"][0])
