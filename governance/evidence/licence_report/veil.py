"""What a person may not see is told of without its name and licence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from governance.catalog.models import Entry
from governance.licensing import queries as licensing
from governance.people.models import User


def veiled(judged: licensing.Judged, *, user: User) -> licensing.Judged:
    """The same judgement without names and licences of works that a person does not see. One query."""
    named = {(str(work["type"]), str(work["id"])) for work in _works(judged.inputs)}
    if not named:
        return judged
    ids = {name.partition(" (")[0] for _type, name in named}
    entries = Entry.objects.visible_to(user).filter(repo_id__in=ids)
    seen: set[tuple[str, str]] = set()
    for kind, repo_id, source in entries.values_list("kind", "repo_id", "source"):
        seen |= {(kind, repo_id), (kind, f"{repo_id} ({source})")}
    hidden = sorted({name for kind, name in named if (kind, name) not in seen})
    if not hidden:
        return judged
    veil = _Veil({name: _("work %(n)s that you may not see") % {"n": n} for n, name in enumerate(hidden, start=1)})
    document = veil.over(judged.outcome.document)
    return licensing.Judged(
        inputs=veil.over(judged.inputs),
        outcome=replace(judged.outcome, document=document),
    )


# What would tell of a work beyond its name.
_TELLING = ("license", "license_name", "license_at_head", "revision", "modalities")


def _works(inputs: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    waiting = [*inputs.get("upstream", ()), *inputs.get("works", ())]
    for work in waiting:
        yield work
        waiting.extend(work.get("upstream", ()))


class _Veil:
    """Masks over names, wherever they stand. Each text is looked through once: deep chains say it a thousand times."""

    def __init__(self, masks: Mapping[str, str]) -> None:
        self._masks = masks
        self._known: dict[str, str] = dict(masks)
        # Names that begin like others are looked for before these.
        self._longest_first = sorted(masks, key=len, reverse=True)

    def over(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.words_of(value)
        if isinstance(value, Mapping):
            hidden = value.get("id") in self._masks
            return {key: self.over(part) for key, part in value.items() if not (hidden and key in _TELLING)}
        if isinstance(value, (list, tuple)):
            if set(map(type, value)) <= {str}:  # chains, most often
                return self._each(value)
            return [self.over(part) for part in value]
        return value

    def _each(self, texts: Sequence[str]) -> list[str]:
        for new in set(texts).difference(self._known):
            self.words_of(new)
        return list(map(self._known.__getitem__, texts))

    def words_of(self, text: str) -> str:
        known = self._known.get(text)
        if known is None:
            known = text
            for name in self._longest_first:
                if name in known:
                    # Not where it is the beginning of another name, such as that of the next version of a series.
                    whole = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
                    known = re.sub(whole, self._masks[name], known)
            self._known[text] = known
        return known
