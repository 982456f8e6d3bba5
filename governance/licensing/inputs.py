"""What the licence audit reads: a version's own declaration, every work that it was made from, and what people said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.kinds.license import holds_licence_text
from governance.catalog.models import UseCase, Version
from governance.licensing import table
from governance.licensing.closure import Graph, Origin, Work, graph_above
from governance.licensing.declared import declared_value, licence_ids
from governance.licensing.modalities import modalities
from governance.licensing.models import MetDuty, Override
from licenses import catalogue

# What nothing else is known of: to be sold and passed on, read with care.
DEFAULT_PROFILE: Mapping[str, Any] = {
    "purpose": "commercial",
    "mode": "redistribute_weights",
    "strictness": "conservative",
}


def license_inputs(*, version: Version, use_case: UseCase | None) -> dict[str, Any]:
    """The inputs of the licence audit as they are today; without a use case under ``DEFAULT_PROFILE``.

    At most eight queries, whatever the depth.
    """
    reader = Reader(graph_above([version.pk]))
    return reader.inputs(version.pk, use_case=use_case)


@dataclass(frozen=True)
class _Sayings:
    """What people said that holds now, for some entries and versions."""

    corrections: Sequence[dict[str, str]]
    overrides: Mapping[int, Sequence[Override]]
    duties: Mapping[tuple[int, int], Sequence[str]]


class Reader:
    """Inputs of many versions from one graph; what works have in common is built once."""

    def __init__(self, graph: Graph, *, versions: Iterable[int] | None = None) -> None:
        self.graph = graph
        subjects = list(graph.works) if versions is None else list(versions)
        self._said = _said(graph, subjects)
        self._shared: dict[int, dict[str, Any]] = {}
        self._table_digest = catalogue.table_digest()
        self._namesakes = _namesakes(graph)

    def inputs(self, version: int, *, use_case: UseCase | None) -> dict[str, Any]:
        """What the licence audit of a version in a use case reads."""
        graph, work = self.graph, self.graph.works[version]
        above = graph.above(version)
        names = self._names(version, above)
        inputs: dict[str, Any] = {
            "subject": work.repo_id,
            "kind": work.kind,
            "card": {
                "license": declared_value(work.licenses),
                "license_name": work.license_name,
                "license_link": work.license_link,
            },
            "files": work.files,
            "files_known": work.files_known,
            "upstream": [self._up(origin, names) for origin in graph.of(version)],
            "works": self._works(version, above, names),
            "use_profile": dict(DEFAULT_PROFILE) if use_case is None else use_case.licence_profile,
            "table_digest": self._table_digest,
        }
        if (known := modalities(task=work.task, seems_more=work.seems_more)) is not None:
            inputs["modalities"] = known
        if work.text_reviewed:
            inputs["text_reviewed"] = True
        return inputs | self._sayings(work, above, use_case)

    # --- works ---------------------------------------------------------------------------------------------------

    def _names(self, version: int, above: Iterable[int]) -> Mapping[int, str]:
        """The names of works that two sources know under one id; every other is named by its id."""
        if not self._namesakes:
            return {}
        met: dict[tuple[str, str], dict[int, str]] = {}
        for at in (version, *above):
            for origin in self.graph.of(at):
                if origin.entry in self._namesakes:
                    met.setdefault((origin.kind, origin.repo_id), {})[origin.entry] = origin.source
        several = (ids for ids in met.items() if len(ids[1]) > 1)
        return {entry: f"{name} ({source})" for (_, name), ids in several for entry, source in ids.items()}

    def _works(self, version: int, above: Iterable[int], names: Mapping[int, str]) -> list[dict[str, Any]]:
        """Every work above, each once, by type and id. A pinned version stands where it is named, not here."""
        found: dict[int, dict[str, Any]] = {}
        for at in (version, *above):
            for origin in self.graph.of(at):
                if origin.entry not in found and (origin.version == origin.latest):
                    found[origin.entry] = self._work(origin, names)
        return sorted(found.values(), key=lambda one: (one["type"], one["id"]))

    def _work(self, origin: Origin, names: Mapping[int, str]) -> dict[str, Any]:
        if names:
            return self._written(origin, names)
        shared = self._shared.get(origin.entry)
        if shared is None:
            shared = self._shared[origin.entry] = self._written(origin, names)
        return shared

    def _written(self, origin: Origin, names: Mapping[int, str]) -> dict[str, Any]:
        written: dict[str, Any] = {"id": names.get(origin.entry, origin.repo_id), "type": origin.kind}
        if origin.latest is None:
            return written | {"known": False}
        written |= {"known": True, **self._declares(self.graph.works[origin.latest])}
        if origins := self.graph.of(origin.latest):
            written["upstream"] = [self._up(one, names) for one in origins]
        return written

    def _declares(self, work: Work) -> dict[str, Any]:
        """What a version says of its licence; what it does not say is left out."""
        said: dict[str, Any] = {"license": declared_value(work.licenses)}
        if work.license_name is not None:
            said["license_name"] = work.license_name
        if (known := modalities(task=work.task, seems_more=work.seems_more)) is not None:
            said["modalities"] = known
        if work.files_known and not holds_licence_text(work.files):
            said["files_checked"] = True
        if work.text_reviewed:
            said["declared_text_reviewed"] = True
        return said

    def _up(self, origin: Origin, names: Mapping[int, str], within: frozenset[int] = frozenset()) -> dict[str, Any]:
        up: dict[str, Any] = {
            "id": names.get(origin.entry, origin.repo_id),
            "type": origin.kind,
            "relation": origin.relation,
        }
        if origin.revision is not None:
            up["revision"] = origin.revision
        if origin.version is not None and origin.version != origin.latest:
            up |= self._pinned(origin, names, within)
        return up

    def _pinned(self, origin: Origin, names: Mapping[int, str], within: frozenset[int]) -> dict[str, Any]:
        """An earlier revision that was named: what it declares, and the licence of the newest beside it."""
        assert origin.version is not None  # noqa: S101 - asked for pinned origins only; tells the type checker
        work = self.graph.works[origin.version]
        # A list without a licence: null would mean "as the newest".
        said: dict[str, Any] = {"known": True, **self._declares(work), "license": declared_value(work.licenses) or []}
        origins = self.graph.of(origin.version)
        if origin.version not in within:  # a ring of pinned revisions ends where it began
            said["upstream"] = [self._up(one, names, within | {origin.version}) for one in origins]
        if origin.latest is not None:
            said["license_at_head"] = declared_value(self.graph.works[origin.latest].licenses)
        return said

    # --- what people said ------------------------------------------------------------------------------------------

    def _sayings(self, work: Work, above: Iterable[int], use_case: UseCase | None) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if self._said.corrections:
            named = {
                licence
                for at in (self.graph.works[version] for version in (work.version, *above))
                for licence in licence_ids(at.licenses, at.license_name)
            }
            said["corrections"] = [one for one in self._said.corrections if one["licence"] in named]
        here = use_case.pk if use_case is not None else None
        overrides = [one for one in self._said.overrides.get(work.entry, ()) if one.use_case_id in (None, here)]
        if overrides:
            said["overrides"] = [_override(one) for one in overrides]
        if here is not None and (codes := self._said.duties.get((work.version, here))):
            said["attested"] = list(codes)
        return {name: value for name, value in said.items() if value}


def _said(graph: Graph, versions: Sequence[int]) -> _Sayings:
    """Three queries."""
    overrides: dict[int, list[Override]] = {}
    entries = {graph.works[version].entry for version in versions}
    for one in Override.objects.in_force().filter(entry__in=entries).order_by("code", "pk"):
        overrides.setdefault(one.entry_id, []).append(one)
    duties: dict[tuple[int, int], list[str]] = {}
    met = MetDuty.objects.in_force().filter(version__in=versions).order_by("code", "pk")
    for version, use_case, code in met.values_list("version_id", "use_case_id", "code"):
        duties.setdefault((version, use_case), []).append(code)
    return _Sayings(table.overlay(), overrides, duties)


def _override(one: Override) -> dict[str, Any]:
    return {
        "code": one.code,
        "chain": one.chain,
        "reason": one.reason,
        "by": f"override {one.pk}",
        "until": one.until.astimezone(dt.UTC).isoformat(),
    }


def _namesakes(graph: Graph) -> frozenset[int]:
    """The entries that share their kind and id with one of another source."""
    by_name: dict[tuple[str, str], set[int]] = {}
    for origins in graph.origins.values():
        for origin in origins:
            by_name.setdefault((origin.kind, origin.repo_id), set()).add(origin.entry)
    return frozenset(entry for ids in by_name.values() if len(ids) > 1 for entry in ids)
