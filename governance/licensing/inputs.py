"""What the licence audit reads: a version's own declaration, every work that it was made from, and what people said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.kinds import license as licence_audit
from governance.catalog.models import UseCase, Version
from governance.licensing import table
from governance.licensing.closure import Graph, Origin, Text, Work, among, graph_above
from governance.licensing.declared import declared_value, is_custom, licence_ids
from governance.licensing.modalities import modalities
from governance.licensing.models import MetDuty, Override
from licenses import catalogue
from licenses.evidence import FoundText, stored_text
from licenses.observed import MAX_FILES

MOST_NOTICES = 3

# What nothing else is known of: to be sold and passed on, read with care.
DEFAULT_PROFILE: Mapping[str, Any] = {
    "purpose": "commercial",
    "mode": "redistribute_weights",
    "strictness": "conservative",
}


def license_inputs(*, version: Version, use_case: UseCase | None) -> dict[str, Any]:
    """The inputs of the licence audit as they are today; without a use case under ``DEFAULT_PROFILE``.

    At most nine queries, whatever the depth.
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
        self._of_any_use: dict[int, dict[str, Any]] = {}
        self._default_profile = dict(DEFAULT_PROFILE)
        self._table_digest = catalogue.table_digest()
        self._namesakes = _namesakes(graph)
        self._pinned_somewhere = any(
            origin.version != origin.latest for origins in graph.origins.values() for origin in origins
        )

    def inputs(self, version: int, *, use_case: UseCase | None) -> dict[str, Any]:
        """What the licence audit of a version in a use case reads."""
        profile = self._default_profile if use_case is None else use_case.licence_profile
        return self.of_any_use(version) | {"use_profile": profile} | self.of_use(version, use_case)

    def of_any_use(self, version: int) -> dict[str, Any]:
        """What is read of a version whatever it is used for. Built once; copy it, do not change it."""
        known = self._of_any_use.get(version)
        if known is None:
            known = self._of_any_use[version] = self._read(version)
        return known

    def _read(self, version: int) -> dict[str, Any]:
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
            "table_digest": self._table_digest,
        }
        if (known := modalities(task=work.task, seems_more=work.seems_more)) is not None:
            inputs["modalities"] = known
        if work.text_reviewed:
            inputs["text_reviewed"] = True
        inputs |= seen_of(work)
        origins = graph.of(version)
        if work.has_card and origins and all(origin.in_card for origin in origins):
            inputs["card_names_origins"] = True
        inputs |= self._other_revisions(version)
        if corrections := self._corrections(work, above):
            inputs["corrections"] = corrections
        return inputs

    def is_plain(self, version: int) -> bool:
        """Whether each work above stands for one entry, by its newest version and own id."""
        if not self._namesakes and not self._pinned_somewhere:
            return True
        above = (version, *self.graph.above(version))
        if self._names(version, above):
            return False
        return all(origin.version == origin.latest for at in above for origin in self.graph.of(at))

    def said_of(self, origin: Origin) -> Mapping[str, Any]:
        """What the inputs say of a work by its newest version."""
        return self._work(origin, {})

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
        if work.files_known and not licence_audit.holds_licence_text(work.files):
            said["files_checked"] = True
        if work.text_reviewed:
            said["declared_text_reviewed"] = True
        if is_custom(tuple(work.licenses), work.license_name) and (known_texts := _known(work)):
            said["texts"] = [{"path": one.path, "sha256_normalised": one.fingerprint} for one in known_texts]
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
            up |= self._pinned(origin.version, origin.latest, names, within)
        return up

    def _pinned(
        self, version: int, latest: int | None, names: Mapping[int, str], within: frozenset[int]
    ) -> dict[str, Any]:
        """An earlier revision that was named: what it declares, and the licence of the newest beside it."""
        work = self.graph.works[version]
        # A list without a licence: null would mean "as the newest".
        said: dict[str, Any] = {"known": True, **self._declares(work), "license": declared_value(work.licenses) or []}
        if version not in within:  # a ring of pinned revisions ends where it began
            said["upstream"] = [self._up(one, names, within | {version}) for one in self.graph.of(version)]
        if latest is not None:
            said["license_at_head"] = _meant(self.graph.works[latest])
        return said

    def _other_revisions(self, version: int) -> dict[str, Any]:
        """What the newest version of the entry declares, and what an earlier one did, where it is something else."""
        others = self.graph.revisions.get(version)
        if others is None:
            return {}
        said: dict[str, Any] = {}
        if others.newest is not None:
            # A list without a licence: null would mean that nobody looked.
            said["license_at_head"] = _meant(self.graph.works[others.newest]) or []
        now = _rows(self.graph.works[version])
        for one in others.before:
            if _rows(self.graph.works[one]) not in (frozenset(), now):
                said["license_before"] = _meant(self.graph.works[one])
                break
        return said

    # --- what people said ------------------------------------------------------------------------------------------

    def of_use(self, version: int, use_case: UseCase | None) -> dict[str, Any]:
        """What people said of a version in one use case; most often nothing."""
        said: dict[str, Any] = {}
        here = use_case.pk if use_case is not None else None
        if overrides := self._said.overrides.get(self.graph.works[version].entry):
            in_force = [_override(one) for one in overrides if one.use_case_id in (None, here)]
            if in_force:
                said["overrides"] = in_force
        if here is not None and (codes := self._said.duties.get((version, here))):
            said["attested"] = list(codes)
        return said

    def _corrections(self, work: Work, above: Iterable[int]) -> list[dict[str, str]]:
        """Those of the licences that a work or one above it names."""
        if not self._said.corrections:
            return []
        named = {
            licence
            for at in (self.graph.works[version] for version in (work.version, *above))
            for licence in (*licence_ids(at.licenses, at.license_name), *(one.licence for one in _known(at)))
        }
        return [one for one in self._said.corrections if one["licence"] in named]


def seen_of(work: Work) -> dict[str, Any]:
    """What was seen of a version's files, card and tags, as the engine reads it; absent where nobody looked."""
    seen: dict[str, Any] = {}
    if work.files_known:
        files = [one for one in work.texts if licence_audit.is_licence_text(one.path)]
        if not files or any(one.fingerprint is not None for one in files):
            seen["texts"] = [_text(one) for one in files[:MAX_FILES]]
        notices = [one.path for one in work.texts if licence_audit.is_notice(one.path)]
        if all(path in work.notices for path in notices):
            seen["notice_texts"] = [work.notices[path] for path in notices[:MOST_NOTICES]]
            if work.notices_cut or len(notices) > MOST_NOTICES:
                seen["notices_cut"] = True
    if work.shows is not None:
        seen["card_seen"] = work.shows
    declared = {one.casefold() for one in work.licenses}
    if records := [one for one in work.tagged if one.casefold() not in declared]:
        seen["records"] = [{"source": "tag of the repository", "license": one} for one in records[:MOST_NOTICES]]
    return seen


def _text(one: Text) -> dict[str, Any]:
    written: dict[str, Any] = {"path": one.path}
    if one.fingerprint is not None:
        written |= {"sha256_normalised": one.fingerprint, "copyright": one.has_copyright}
    return written


def _meant(work: Work) -> str | list[str] | None:
    """What a version declares; of one that says "other", the licence whose text it holds."""
    meant = {one.licence for one in _known(work)} if is_custom(tuple(work.licenses), work.license_name) else ()
    return next(iter(meant)) if len(meant) == 1 else declared_value(work.licenses)


def _rows(work: Work) -> frozenset[str]:
    """The rows of the licence table that a version means."""
    meant = _meant(work)
    return licence_ids([meant] if isinstance(meant, str) else meant or [], work.license_name)


def _known(work: Work) -> list[FoundText]:
    """The texts about the whole of a work that are rows of the licence table."""
    found = (stored_text(one.path, one.fingerprint) for one in work.texts if one.fingerprint is not None)
    return [one for one in found if one.licence and one.of_the_whole][:MAX_FILES]


def _said(graph: Graph, versions: Sequence[int]) -> _Sayings:
    """Three queries."""
    overrides: dict[int, list[Override]] = {}
    entries = {graph.works[version].entry for version in versions}
    for one in Override.objects.in_force().filter(entry__in=among(entries)).order_by("code", "pk"):
        overrides.setdefault(one.entry_id, []).append(one)
    duties: dict[tuple[int, int], list[str]] = {}
    met = MetDuty.objects.in_force().filter(version__in=among(versions)).order_by("code", "pk")
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
