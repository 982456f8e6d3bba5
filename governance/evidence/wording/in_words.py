"""The parameters of a licence finding as they stand in a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from governance.evidence.wording.values import engine_value
from governance.licensing import wording as terms
from licenses.findings import ARTEFACT

_NAMES_OF_WORKS = ("work", "other_work")


def in_words(params: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of the table by their labels, values of the engine in words, the work itself as "this version"."""
    said = dict(params)
    if isinstance(said.get("terms"), (list, tuple)):
        said["terms"] = [_("“%(text)s”") % {"text": terms.label(str(term))} for term in said["terms"]]
    if isinstance(said.get("value"), str):
        said["value"] = engine_value(said["value"])
    for name in _NAMES_OF_WORKS:
        if said.get(name) == ARTEFACT:
            said[name] = _("this version")
    return said
