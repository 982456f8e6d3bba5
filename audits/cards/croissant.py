"""What a Croissant file says of where a data set comes from: the machine-readable description of MLCommons.

A property counts by its own name, whatever vocabulary it stands in (``rai:dataBiases``, ``dataBiases``, the whole
address): contexts of JSON-LD are not resolved, and nothing is fetched. Only that something is said is told, not whether
it is true, nor whether files and columns are those that are described.

Source:
    Croissant Format Specification 1.0 (2024-03-01) and Croissant RAI Specification 1.0 (2024-03-06), MLCommons; the
    properties are read as they are named there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from audits.cards.provenance import OPT_OUT, OPT_OUT_WORDS

LARGEST = 5 << 20
# What is looked for -> the properties that say it.
SAID_BY: Mapping[str, tuple[str, ...]] = {
    "sources": ("isBasedOn", "wasDerivedFrom", "dataCollectionRawData"),
    "licence": ("license",),
    "languages": ("inLanguage",),
    "creators": ("creator",),
    "size": ("contentSize",),
    "creation": ("dataCollection", "dataCollectionType", "dataAnnotationProtocol", "dataPreprocessingProtocol"),
    "personal_information": ("personalSensitiveInformation",),
    "intended_uses": ("dataUseCases",),
    "limitations": ("dataLimitations", "dataBiases"),
}
_OWN_NAME = re.compile(r"[^/#:]*$")
# Files are described one by one; what is said of the whole stands above them.
_PARTS = ("distribution", "recordSet")
_MOST_NODES = 200_000


def croissant(raw: bytes) -> frozenset[str] | None:
    """Which of the things that are looked for a Croissant file says; None where it cannot be read as one."""
    if len(raw) > LARGEST:
        return None
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or "Dataset" not in _types(found):
        return None
    said = {_own(key) for key, value in found.items() if _says(value)}
    # of the parts only the size is of interest: a licence of one file is not that of the data set
    parts = (node for key, value in found.items() if _own(key) in _PARTS for node in _nodes(value))
    said |= {"contentSize" for node in parts if _says(node.get("contentSize"))}
    texts = " ".join(value for value in found.values() if isinstance(value, str))
    told = {name for name, properties in SAID_BY.items() if any(one in said for one in properties)}
    return frozenset(told | ({OPT_OUT} if OPT_OUT_WORDS.search(texts) else set()))


def _own(key: str) -> str:
    """The name of a property without its vocabulary.

    >>> _own("http://mlcommons.org/croissant/RAI/dataBiases"), _own("rai:dataBiases")
    ('dataBiases', 'dataBiases')
    """
    found = _OWN_NAME.search(key)
    return found.group() if found else key


def _types(node: Mapping[str, Any]) -> set[str]:
    given = node.get("@type")
    return {_own(one) for one in (given if isinstance(given, list) else [given]) if isinstance(one, str)}


def _says(value: Any) -> bool:
    """Whether there is anything in it: a blank text says nothing, nor does what holds nothing else.

    >>> _says([{"@type": "CreativeWork", "name": " "}, None]), _says({"name": "MIT"})
    (False, True)
    """
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += [held for key, held in one.items() if key not in ("@type", "@context")]
        elif isinstance(one, list):
            left += one
        elif one and not (isinstance(one, str) and not one.strip()):
            return True
    return False


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Objects of a list, at most so many."""
    for one in (value if isinstance(value, list) else [value])[:_MOST_NODES]:
        if isinstance(one, dict):
            yield one
