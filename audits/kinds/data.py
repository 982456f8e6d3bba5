"""The audit ``data``: the rows of a data set, and what its card says of where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from audits.kinds.base import Context, InputsRejected, Outcome, audit
from audits.kinds.uploads import PACKAGES, VERDICTS, outcome_of, plan_of, refusals, upload_of

if TYPE_CHECKING:
    from audits.measures.data.findings import Findings
    from audits.measures.data.pictures import Pictures
    from audits.measures.tables.loading import Loaded

# A description is a page or two; what is larger is cut, and then no description.
MOST_DESCRIBED = 6 << 20
# Figures that policies may ask for, by where they stand in the document.
_FIGURES = {
    "duplicate_rows": ("repeats", "exact", "rows"),
    "near_duplicate_rows": ("repeats", "near", "rows"),
    "conflicting_label_rows": ("repeats", "conflicts", "rows"),
    "near_picture_rows": ("pictures", "rows"),
    "label_error_rows": ("label_errors", "rows"),
    "krippendorff_alpha": ("agreement", "krippendorff_alpha"),
}


@audit(
    "data",
    version=1,
    packages=(*PACKAGES, "scipy", "py3langid"),
    verdicts=VERDICTS,
    time_limit_s=900,
)
def run(context: Context) -> Outcome:
    """Look through an uploaded table of data.

    Inputs: ``data`` (``sha256``, ``filename``, ``media_type``), ``plan`` (the data part of an audit plan, see
    ``audits.measures.data.plan.DataPlan``; may be empty), ``card_sha256`` (the data set's README.md; may be absent) and
    ``croissant_sha256`` (its croissant.json; may be absent). Progress is rows of rows.

    Returns:
        The document of ``audits.measures.data.auditing.audit_data``; in the summary counts of rows; one draft for each
        finding.

    Raises:
        InputsRejected: the plan or the table cannot be used, with the code and the way to mend it.
    """
    # numpy, scipy and pyarrow cost a web process seconds and memory for nothing
    from audits.measures.data.auditing import audit_data, load_for
    from audits.measures.data.findings import Findings
    from audits.measures.data.plan import data_plan_from

    sha256 = upload_of(context, "data", what="table of data")
    findings = Findings()
    with refusals():
        plan = data_plan_from(plan_of(context, part="data", needed=False))
        descriptions = {name: _described(context, f"{name}_sha256") for name in ("card", "croissant")}
        add_provenance(findings, **descriptions)
        with context.open_blob(sha256) as file:
            table = load_for(file, plan, progress=context.progress)
        shown = (
            None if plan.images is None else pictures_of(table, plan.images, tick=partial(context.progress, 0, None))
        )
        document = audit_data(
            table, plan, progress=context.progress, seed=context.seed, provenance=findings, pictures=shown
        )
    return outcome(document)


def _described(context: Context, name: str) -> bytes | None:
    """A description of the data set, where there is one."""
    sha256 = context.inputs.get(name)
    if not isinstance(sha256, str) or not sha256:
        return None
    with context.open_blob(sha256) as file:
        return file.read(MOST_DESCRIBED)


def add_provenance(findings: Findings, *, card: bytes | None, croissant: bytes | None) -> None:
    """What card and Croissant file together leave out; nothing where there is neither."""
    from audits.cards import croissant as files
    from audits.cards.provenance import FIELDS, LOOKED_FOR, OPT_OUT, SECTIONS, Provenance, provenance

    if card is None and croissant is None:
        return
    read = Provenance((*FIELDS, *SECTIONS, OPT_OUT), says_anything=False) if card is None else provenance(card)
    if croissant is not None:
        said = files.croissant(croissant)
        if said is None:
            findings.add("data.croissant_unreadable", "croissant.json")
        read = read.beside(said or frozenset())
    findings.add_provenance(read.missing, of=LOOKED_FOR, says_anything=read.says_anything)


def pictures_of(table: Loaded, column: str, *, tick: Callable[[], None]) -> Pictures:
    """The pictures of a column of base64, decoded in the sandbox; empty cells have none.

    The same file is decoded once. More files than are compared are counted and not decoded.

    Raises:
        InputsRejected: this machine does not keep strangers' programs apart, or what decodes them ended.
    """
    import base64
    import binascii

    import numpy as np

    from audits.adapters.pictures import decoded
    from audits.measures.data.pictures import MAX_PICTURES, SIDE, Pictures
    from audits.sandbox.probing import probe
    from audits.sandbox.refusals import NotIsolated, Stopped

    places: dict[str, int] = {}
    rows, file_of = [], []
    for row, cell in enumerate(table.raw_texts(column).to_pylist()):
        if (cell or "").strip():
            rows.append(row)
            file_of.append(places.setdefault(cell, len(places)))
    where, which = np.array(rows, dtype=np.int64), np.array(file_of, dtype=np.int64)
    unreadable = np.zeros(table.rows, dtype=bool)
    if len(places) > MAX_PICTURES:
        return Pictures(column, np.zeros((0, SIDE, SIDE), dtype=np.uint8), where, unreadable, not_decoded=len(places))
    files = []
    for cell in places:
        try:
            files.append(base64.b64decode(cell, validate=True))
        except (binascii.Error, ValueError):
            files.append(b"")
    try:
        found = decoded(files, size=(SIDE, SIDE), channels=1, isolation=probe(), tick=tick)
    except (NotIsolated, Stopped) as ended:
        raise InputsRejected("pictures_not_decoded", f"the pictures of {column!r} were not decoded: {ended}") from ended
    readable = found.readable[which]
    unreadable[where[~readable]] = True
    return Pictures(column, found.pixels[..., 0][which[readable]], where[readable], unreadable)


def outcome(document: Mapping[str, Any]) -> Outcome:
    """The outcome that a document of the data audit amounts to."""
    summary = {"rows_used": float(document["rows"])}
    for name, path in _FIGURES.items():
        value: Any = document
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, (int, float)):
            summary[name] = float(value)
    personal = {(row["column"], row["what"]): row["rows"] for row in document["personal"]}
    summary["personal_data_columns"] = float(len({column for column, _ in personal}))
    return outcome_of(document, summary=summary, reasons="findings")
