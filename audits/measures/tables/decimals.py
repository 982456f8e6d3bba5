"""Numbers in a spelling that is not read as one: 0,5 for a half."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.tables.arrow import FALSE, as_numpy

# One comma before tenths, or one before every three digits.
_WITH_COMMA = r"^[+-]?([0-9]+(,[0-9]+)?|[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?)$"


def decimal_commas(texts: pa.Array) -> npt.NDArray[np.bool_] | None:
    """Cells that are numbers with a comma in them, shape (rows,); None unless every cell is a number in that spelling.

    Whether the comma parts tenths or thousands no cell can tell: 1,234 is either. So they are not read as numbers.
    """
    with_comma = pc.match_substring(texts, ",")
    if not pc.any(with_comma).as_py() or not pc.all(pc.match_substring_regex(texts, _WITH_COMMA)).as_py():
        return None
    return np.asarray(as_numpy(pc.fill_null(with_comma, FALSE)), dtype=bool)
