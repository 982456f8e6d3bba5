"""Texts of a chunk as counts of each row: words and wrong ones of a transcript, entities and those that were found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.data.words import words_of
from audits.measures.numeric.edits import word_edits
from audits.measures.numeric.spans import entities
from audits.measures.plan import TRANSCRIPTION, BiasPlan
from audits.measures.tables.arrow import as_numpy
from audits.measures.tables.chunks import Chunk
from audits.measures.tables.refusals import ColumnNotFlat, NotUtf8

Floats = npt.NDArray[np.float64]

# Of the numbers of a row: what label and prediction share. No column of a table has this name.
SHARED = "\0shared"


def counted(chunk: Chunk, plan: BiasPlan) -> Chunk:
    """The chunk with numbers in the place of its texts: under ``label`` the words, or entities, that are to be found,
    under ``prediction`` the edits, or the entities predicted, under ``SHARED`` the entities in both.

    A row without a reference has nan. A transcript that is missing has all its words left out; tags that are missing
    are nan, for nothing tells that there were none.

    Raises:
        TableRejected: texts that are none, tags of another form, or texts too long to compare.
    """
    reference, predicted = (_texts(chunk, name) for name in (plan.label, plan.prediction))
    unknown = ~as_numpy(pc.is_valid(reference))
    if plan.task == TRANSCRIPTION:
        ours, theirs = words_of(reference), words_of(predicted)
        wanted = np.bincount(ours.owner, minlength=chunk.rows).astype(float)
        said = word_edits(ours, theirs, rows=chunk.rows).astype(float)
        shared = np.zeros(chunk.rows)
    else:
        found = entities(reference, predicted, columns=(plan.label, plan.prediction))
        wanted, said, shared = (one.astype(float) for one in (found.wanted, found.predicted, found.shared))
        said[~as_numpy(pc.is_valid(predicted))] = np.nan
    wanted[unknown] = np.nan
    return replace(chunk, numbers={**chunk.numbers, plan.label: wanted, plan.prediction: said, SHARED: shared})


def _texts(chunk: Chunk, name: str) -> pa.Array:
    cells = chunk.texts.get(name)
    if cells is None:
        return pa.nulls(chunk.rows, pa.string())
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if not pa.types.is_string(cells.type):
        try:
            cells = cells.cast(pa.string())
        except pa.ArrowInvalid:
            raise NotUtf8(f"column {name!r}") from None
        except pa.ArrowNotImplementedError as problem:
            raise ColumnNotFlat(name, str(cells.type)[:80]) from problem
    blank = pc.equal(pc.utf8_trim_whitespace(cells), "")
    return pc.if_else(blank, pa.nulls(1, pa.string())[0], cells)
