"""What an answer tells beside what decided it, in one query: who answers for what, and how long steps usually take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from governance.gates.usual import Like, Usual, parameters, statement, usual_of
from governance.people.models import User
from governance.policies import overrides
from governance.policies.waivers import queries as waivers

# Each part gives rows of what it tells, of which number or name, and what there is to say.
_WAIVED = f"SELECT 'waived', id::text, said FROM ({waivers.TOLD}) waived"  # noqa: S608 (a statement of our own)
_OVERRIDDEN = f"SELECT 'overridden', id::text, said FROM ({overrides.TOLD}) overridden"  # noqa: S608 (likewise)
# What ended an approval, while it stands.
_SUSPENDED = """
    SELECT 'suspended', suspension.id::text, to_jsonb(entry.kind || ':' || entry.repo_id)
    FROM gates_closure closure
    JOIN catalog_suspension suspension ON suspension.id = closure.suspension_id
    JOIN catalog_entry entry ON entry.id = suspension.entry_id
    WHERE closure.approval_id = %(ended)s AND suspension.lifted_at IS NULL
"""
_USUAL = "SELECT 'usual', of, jsonb_build_array(lane, n, extract(epoch FROM median)) FROM ({statement}) usual"


@dataclass(frozen=True)
class ToLookUp:
    """What an answer has to look up: waivers and overrides by number, and the approval that a suspension has ended."""

    waivers: frozenset[int] = frozenset()
    overrides: frozenset[int] = frozenset()
    ended: int | None = None


@dataclass(frozen=True)
class Beside:
    """What was looked up: by number, as ``kind:name`` of what is suspended, and by what steps are compared with."""

    waivers: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    overrides: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    suspended: tuple[str, ...] = ()
    usual: Mapping[Like, Usual] = field(default_factory=dict)


def beside(asked: ToLookUp, *, likes: frozenset[Like], user: User | None) -> Beside:
    """All of it in one query; none where nothing is asked. Times are told from what ``user`` may see (None: all)."""
    parts = [
        *([_WAIVED] if asked.waivers else []),
        *([_OVERRIDDEN] if asked.overrides else []),
        *([] if asked.ended is None else [_SUSPENDED]),
        *([_USUAL.format(statement=statement(likes))] if likes else []),
    ]
    if not parts:
        return Beside()
    numbers = {"waivers": sorted(asked.waivers), "overrides": sorted(asked.overrides), "ended": asked.ended}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"({part})" for part in parts), numbers | parameters(user))
        rows = [(what, of, json.loads(said)) for what, of, said in cursor.fetchall()]
    times = {(of, said[0]): (said[1], said[2]) for what, of, said in rows if what == "usual"}
    return Beside(
        waivers={int(of): said for what, of, said in rows if what == "waived"},
        overrides={int(of): overrides.told(said) for what, of, said in rows if what == "overridden"},
        suspended=tuple(said for what, _of, said in rows if what == "suspended"),
        usual={like: usual_of(*times.get(like, (0, None))) for like in likes},
    )
