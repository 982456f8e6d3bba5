"""The licence table as it holds in this organisation: the shipped one, with the corrections in force laid over it."""

from __future__ import annotations

from collections.abc import Sequence

from governance.licensing.models import Correction
from governance.licensing.rules import NotAcceptable
from licenses import catalogue


def overlay() -> list[dict[str, str]]:
    """The corrections in force, in one order. One query."""
    return [one.as_overlay() for one in Correction.objects.in_force().order_by("licence", "column", "pk")]


def corrected(corrections: Sequence[dict[str, str]]) -> catalogue.Catalogue:
    """The shipped table with corrections laid over it.

    Raises:
        NotAcceptable: there is no such licence or column, or the column cannot hold the value.
    """
    try:
        return catalogue.corrected(corrections)
    except catalogue.TableError as refused:
        raise NotAcceptable("correction_refused", str(refused), field="value") from refused
