"""Cards as works of a licence case: what each declares, and what it was made from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from audits.cards.shapes import ParsedCard

_LICENCE_TEXT = re.compile(r"(un)?licen[cs]es?\b.*|copying\b.*", re.IGNORECASE)


def work(card: ParsedCard, *, id: str, kind: str, files: Collection[str] = ()) -> dict[str, Any]:
    """A card as an entry of ``works``, as ``licenses.compat.check`` reads it.

    Args:
        card: the parsed card.
        id: the repository's id.
        kind: model, dataset or space.
        files: names of all files of the repository; empty where nobody looked.
    """
    names = [PurePosixPath(name).name for name in files if "/" not in name]
    has_text = any(_LICENCE_TEXT.fullmatch(name) for name in names)
    declared: Any = list(card.licenses)
    upstream = [{"id": link.target, "type": link.kind, "relation": link.relation} for link in card.links]
    return {
        "id": id,
        "type": kind,
        "license": declared[0] if len(declared) == 1 else declared or None,
        "license_name": card.license_name,
        "has_license_file": has_text if names else None,
        "files_checked": bool(names) and not has_text,
        "upstream": upstream,
    }


def joined(works: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Works as one graph: every upstream is named as the work is that it means, or added as unknown.

    The Hub's ids know no case: ``Org/Model`` in a card means the work ``org/model``. Of two works with one id the
    first counts.

    Args:
        works: what the cards say.
        records: what other public records say of works, of the same shape. They tell only what no card says: a work
            that has no card, or a licence or upstreams where its card names none.
    """
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for one in works:
        known.setdefault(_key(one), dict(one))
    for record in records:
        said = known.setdefault(_key(record), dict(record))
        said.update({name: record[name] for name in ("license", "upstream") if record.get(name) and not said.get(name)})
    for one in list(known.values()):
        upstream = []
        for link in one.get("upstream") or ():
            named = known.setdefault(_key(link), {"id": link["id"], "type": _kind(link), "known": False})
            upstream.append({**link, "id": named["id"], "type": _kind(named)})
        one["upstream"] = upstream
    return list(known.values())


def _kind(one: Mapping[str, Any]) -> str:
    return str(one.get("type") or "model")


def _key(one: Mapping[str, Any]) -> tuple[str, str]:
    return _kind(one), str(one["id"]).casefold()
