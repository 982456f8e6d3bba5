"""Works with origins, written straight into the catalogue; and the world of a review around one of them."""

from __future__ import annotations

from governance.catalog.models import Edge, Entry, Version
from governance.licensing import reassessing
from governance.licensing.models import Reassessment
from tests.factories import EntryFactory, VersionFactory
from tests.governance.catalog.cards import card, imported

OPEN, STRICT, NON_COMMERCIAL = "apache-2.0", "llama3.1", "cc-by-nc-4.0"


def work(
    repo_id: str, licence: str | None = OPEN, *origins: Version | Entry, relation: str = "finetune", kind: str = "model"
) -> Version:
    """A version, the newest of its entry, that declares a licence and its origins."""
    entry = Entry.objects.filter(repo_id=repo_id, kind=kind).first() or EntryFactory(repo_id=repo_id, kind=kind)
    version: Version = VersionFactory(entry=entry, licenses=[licence] if licence else [])
    derive(version, *origins, relation=relation)
    entry.refresh_from_db()
    return version


def derive(
    version: Version, *origins: Version | Entry, relation: str = "finetune", revision: str | None = None
) -> None:
    """Add origins to a version."""
    for origin in origins:
        to = origin if isinstance(origin, Entry) else origin.entry
        Edge.objects.create(version=version, to_entry=to, relation=relation, to_revision=revision)


def line(*licences: str | None, prefix: str = "acme/work") -> list[Version]:
    """A chain of fine-tunes, the first of the licences at its head."""
    works: list[Version] = []
    for number, licence in enumerate(licences):
        works.append(work(f"{prefix}-{number}", licence, *works[-1:]))
    return works


def import_again(repo_id: str, licence: str) -> Version:
    """A new version of an entry by the way that imports go."""
    return imported(repo_id, raw=card(license=licence), source="local").version


def reassess_all() -> reassessing.Done:
    """What a worker would do now."""
    return reassessing.carry_out()


def left() -> int:
    return Reassessment.objects.exclude(state="done").count()
