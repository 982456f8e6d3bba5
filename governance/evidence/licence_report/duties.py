"""Obligations as rows, each once with the works that ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from governance.evidence.licence_report.findings import words_of
from governance.licensing import queries as licensing
from governance.licensing import wording as terms
from licenses import catalogue
from licenses.findings import ARTEFACT


def duty_rows(duties: Sequence[licensing.Duty], *, subject: str) -> list[dict[str, Any]]:
    """Obligations, each once with the works that ask for it; those that begin with distribution apart."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for duty in duties:
        title, mend = words_of(
            {"code": duty.code, "params": duty.params, "terms": [duty.term], "message": duty.message}
        )
        state = "latent" if duty.latent else duty.state
        value = str(duty.params.get("value", ""))
        row = rows.setdefault(
            (duty.code, value, state),
            {
                "code": duty.code,
                "title": title if value or not mend else mend,
                "mend": mend if value else "",
                "state": state,
                "asking": {},
                "attested": duty.attested,
            },
        )
        work = subject if duty.chain[0] == ARTEFACT else duty.chain[0]
        licence_id = str(duty.params.get("licence_id", ""))
        known = catalogue.find(licence_id) if licence_id else None
        asking = row["asking"].setdefault(
            licence_id,
            {
                "licence": known.name if known is not None else licence_id,
                "url": reverse("licensing:licence", args=[known.id]) + f"#term-{duty.term}"
                if known is not None
                else "",
                "section": terms.section_of(known, duty.term) if known is not None else duty.section,
                "works": [],
            },
        )
        if work not in asking["works"]:
            asking["works"].append(work)
    return [{**row, "asking": list(row["asking"].values())} for row in rows.values()]
