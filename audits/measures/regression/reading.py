"""What a comparison with the approved version needs of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from audits.measures.kept_rows import KeptRows, RowKeeper
from audits.measures.plan import BiasPlan
from audits.measures.tables.opening import Table, open_table


def open_for_regression(source: IO[bytes], plan: BiasPlan, *, counting: Callable[[], None] | None = None) -> Table:
    """Open a table with the columns that are compared.

    Raises:
        TableRejected: not a table, or a column is missing.
    """
    columns, numbers, ids = _columns(plan)
    keys = [plan.cluster] if plan.cluster else []
    return open_table(source, columns=columns, keys=keys, numbers=numbers, features=ids, counting=counting)


def read(table: Table, plan: BiasPlan) -> KeptRows:
    """All rows of a table opened by ``open_for_regression``."""
    keeper = RowKeeper(*_columns(plan))
    for chunk in table.chunks():
        keeper.add(chunk)
    return keeper.build()


def _columns(plan: BiasPlan) -> tuple[list[str], list[str], list[str]]:
    ids = [plan.regression.row_id] if plan.regression.row_id else []
    clusters = [plan.cluster] if plan.cluster else []
    return [*plan.sensitive, plan.label, plan.prediction, *clusters], [plan.weights] if plan.weights else [], ids
