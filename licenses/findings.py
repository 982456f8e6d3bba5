"""Findings of the licence engine: codes, their severity, their words in English, and the verdict over many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from licenses.catalogue import Licence

VERDICTS = ("pass", "obligation", "warning", "unknown", "conflict")
"""From better to worse."""

RANK = {verdict: rank for rank, verdict in enumerate(VERDICTS)}
_SEVERITY = {"C": "conflict", "U": "unknown", "W": "warning", "O": "obligation"}

ARTEFACT = "<artefact>"
"""Last element of every chain."""

MESSAGES: Mapping[str, str] = {
    "C-NC": "{licence} grants non-commercial use; the profile's purpose is commercial",
    "C-RESEARCH": "{licence} grants use for research; the profile's purpose is commercial",
    "C-ND": "{licence} does not grant the sharing of modified versions",
    "C-SA": "{licence} asks for the same or a compatible licence; declared is {declared}",
    "C-COPYLEFT": "{licence} asks for the same or a compatible licence; declared is {declared}",
    "C-LAUNDER": "{licence} follows what is made from it ({value}); declared is {declared}",
    "C-NAME": "{licence} asks for a name that begins with {value!r}; the name is {name!r}",
    "C-NOCOMPETE": "{licence} does not grant the use of its outputs to improve other models",
    "C-USERCAP": "{licence} is granted up to {value} monthly users ({basis})",
    "C-REVCAP": "{licence} is granted up to {value} US dollars of revenue a year",
    "C-TERRITORY": "{licence} is not granted in {value}",
    "C-HOST": "{licence} does not grant a hosted service",
    "C-FIELD": "{licence} excludes the field {value!r}",
    "C-REDIST-BAN": "{licence} does not grant {value}",
    "C-MERGE": "{licence} ({work}) and {other_licence} ({other_work}) cannot both hold for one work",
    "C-NO-LICENSE": "nothing is granted by {work}: {value}",
    "U-MISSING": "no licence is known for {work}",
    "U-OTHER": "{written!r} names no text of the licence table for {work}",
    "U-FAMILY": "{written!r} names a family of licences for {work}, not one text",
    "U-UNKNOWN-ID": "{written!r}, declared for {work}, is not in the licence table",
    "U-NOT-READ": "the text of {licence} has not been read for the licence table",
    "U-MULTI": "{work} lists several licences; as a sum and as a choice they give different verdicts",
    "U-CELL": "code under {licence} inside a work under {declared}: the code matrix does not decide it ({value})",
    "U-MERGE": "{licence} ({work}) and {other_licence} ({other_work}) each follow the whole; counsel has to decide",
    "U-RELATION": "the relation to {work} is {value}; the licence table cannot be read for it",
    "U-FACT": "{licence} depends on {value}, which is not given",
    "U-TERM": "the licence table does not decide {term} of {licence}: {value}",
    "U-TEXT": "declared is {declared}, the files hold the text of {licence} ({value}); which one holds is not known",
    "W-TRAIN-SA": "{licence} may reach through training; a cautious reading asks for the same licence",
    "W-TRAIN-NC": "{licence} may reach through training; a cautious reading keeps to non-commercial use",
    "W-TRAIN-ND": "{licence} may reach through training; a cautious reading does not share the result",
    "W-TRAIN-TERMS": "{licence} binds whoever trained on {work}; its terms may reach further ({value})",
    "W-UNCLEAR": "{licence} leaves {term} open: {value}",
    "W-NO-TEXT": "{licence} asks for a copy of its text; the files hold none",
    "W-CHANGED-LICENSE": "{work} declared {written!r} at an earlier revision and {value!r} since",
    "W-DEP": "code under {licence} inside a work under {declared}: it depends on how the two are joined ({value})",
    "W-CYCLE": "{work} is upstream of itself; what is declared about its lineage cannot all be true",
    "W-RECORD": "declared is {declared}; {record} names {value}",
    "W-EXCEPTION": "the exception in {written!r} is kept with its licence and not judged",
    "O-LICENSE-COPY": "{licence} asks for a copy of the licence text",
    "O-NOTICE": "{licence} asks for its notices to be kept",
    "O-ATTRIB": "{licence} asks for attribution",
    "O-STATE-CHANGES": "{licence} asks for changes to be stated",
    "O-SOURCE": "{licence} asks for the source to be disclosed",
    "O-NETSRC": "{licence} asks for the source to be offered to users of the service",
    "O-FLOW": "{licence} asks for its use restrictions in one's own terms",
    "O-AUP": "{licence} restricts use ({value})",
    "O-BADGE": "{licence} asks for the words {value!r} to be shown",
    "O-DOC": "{licence} asks for the documentation to be kept ({value})",
    "O-COPYRIGHT": "{licence} asks for the copyright notice to be kept",
}
"""Code -> English. A page words a code in its reader's language from the same parameters."""


def severity(code: str) -> str:
    """The verdict that a finding with this code stands for.

    >>> severity("C-NC"), severity("O-AUP")
    ('conflict', 'obligation')
    """
    return _SEVERITY[code[0]]


class Ruling(NamedTuple):
    """What one licence says about one relation, before it is told of a named work.

    ``latent`` rulings begin with distribution and do not bind the profile's mode; they are kept and shown.
    """

    code: str
    term: str
    licence: Licence | None = None
    value: str = ""
    latent: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A ruling on a chain of works, from the upstream down to the artefact.

    ``relations`` has one entry for each hop of the chain: how the work after it was made from the work before it.
    """

    code: str
    term: str
    section: str
    source: str
    chain: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    state: str = ""
    latent: bool = False
    relations: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two findings one, by whatever chain: the same said of the same work."""
        value, other = self.params.get("value"), self.params.get("other_work")
        return self.code, self.term, self.chain[0], self.section, value, other, self.params.get("other_licence_id")

    def as_json(self) -> dict[str, Any]:
        """The finding as the interface shows it; obligations say how far they are met."""
        shown: dict[str, Any] = {
            "code": self.code,
            "severity": severity(self.code),
            "message": MESSAGES[self.code].format_map({"term": self.term, **self.params}),
            "term": self.term,
            "section": self.section,
            "source": self.source,
            "chain": list(self.chain),
            "relations": list(self.relations),
            "params": dict(self.params),
        }
        if self.state:
            shown["state"] = self.state
        return shown


def verdict(found: Iterable[Finding]) -> str:
    """The worst severity among findings that bind; ``pass`` when there is none."""
    return max((severity(one.code) for one in found if not one.latent), key=RANK.__getitem__, default="pass")


def codes(found: Iterable[Finding]) -> list[str]:
    """The codes, each once, the most severe first."""
    return sorted({one.code for one in found}, key=lambda code: (-RANK[severity(code)], code))
