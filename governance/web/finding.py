"""What the number in an address names."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

Row = TypeVar("Row", bound=Model)


def one_or_404(rows: type[Row] | QuerySet[Row], pk: int, **lookups: object) -> Row:
    """The row of a number, among those that the person may see.

    Raises:
        Http404: it is not there, or no number that a row can have.
    """
    if not 0 < pk < 2**63:
        raise Http404
    return get_object_or_404(rows, pk=pk, **lookups)
