"""The attribution file of a version: every work that it was made from, with what its licence asks to be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from governance.catalog.models import UseCase, Version
from governance.licensing.queries.chains import Judged, chain, judged
from licenses import catalogue


def notice_file(*, version: Version, use_case: UseCase | None = None, of: Judged | None = None, at: dt.datetime) -> str:
    """Plain text to be put beside the files of a work. It says what was not known. Queries as ``judged``.

    The words are English whatever the reader's language: the file travels with the work.
    """
    read = of or judged(version=version, use_case=use_case)
    drawn = chain(version=version, use_case=use_case, of=read, most=100_000)
    lines = [
        f"Notices for {version.entry.repo_id}",
        f"Revision {version.revision}",
        f"Generated on {at:%Y-%m-%d} from what cards and files declare.",
        f"Licence table: {read.document['table_digest']}",
        "It is a draft for whoever publishes the work, not legal advice: compare it with the licence texts.",
        "",
        f"Declared licence: {read.document['expression'] or 'none'}",
        "",
        "Works that it was made from",
        "---------------------------",
    ]
    above = [node for node in drawn.nodes if node.depth]
    unknown = [node for node in above if not node.known or not node.licence_ids]
    for node in above:
        lines += ["", f"{node.id} ({node.kind})"]
        lines.append(f"  Licence as declared: {node.licence or 'none'}" if node.known else "  Licence: not known")
        for licence_id in node.licence_ids:
            row = catalogue.find(licence_id)
            if row is not None:
                lines.append(f"  {row.name}" + (f", {row.source_url}" if row.source_url.startswith("http") else ""))
    if not above:
        lines += ["", "None is known."]
    lines += _asked(read.document)
    lines += ["", "Not known", "---------", ""]
    lines += [f"* {node.id} ({node.kind}): {_why(node.known)}" for node in unknown] or ["Nothing of the above."]
    return "\n".join(lines) + "\n"


def _why(known: bool) -> str:
    return "its licence names no text of the table" if known else "nobody has imported it, so its licence is not known"


def _asked(document: Mapping[str, Any]) -> list[str]:
    asked: dict[str, list[str]] = {}
    found: Sequence[Mapping[str, Any]] = [*document["findings"], *document["latent"]]
    for one in found:
        if one["severity"] == "obligation":
            works = asked.setdefault(f"{one['message']} ({one['section']})", [])
            if one["chain"][0] not in works:
                works.append(one["chain"][0])
    lines = ["", "What the licences ask for", "-------------------------", ""]
    if not asked:
        return [*lines, "Nothing that the table knows of."]
    return [*lines, *(f"* {said} [{', '.join(works)}]" for said, works in asked.items())]
