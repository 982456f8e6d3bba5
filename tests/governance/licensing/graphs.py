"""Works with origins, written straight into the catalogue; and the world of a review around one of them."""

from __future__ import annotations

import datetime as dt

from governance.catalog.models import Edge, Entry, Version
from governance.licensing import reassessing
from governance.licensing.models import Annotation, Correction, MetDuty, Override, Reassessment, TextReview
from tests.factories import NOON, EntryFactory, UseCaseFactory, UserFactory, VersionFactory
from tests.governance.catalog.cards import card, imported

OPEN, STRICT, NON_COMMERCIAL = "apache-2.0", "llama3.1", "cc-by-nc-4.0"
WHY = "the text says so in so many words"


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
    """What a worker would do now; nothing of it breaks off."""
    done = reassessing.carry_out()
    assert left() == 0
    return done


def left() -> int:
    return Reassessment.objects.exclude(state="done").count()


def statements() -> list[tuple[str, int]]:
    """One statement of each kind: its table and number."""
    version = work("acme/model")
    said = {"author": UserFactory(), "made_at": NOON}
    rows = [
        Correction.objects.create(licence=OPEN, column="use", value="nc", source_ref="s.2", reason=WHY, **said),
        Annotation.objects.create(licence=OPEN, text=WHY, **said),
        Override.objects.create(
            entry=version.entry,
            code="C-NC",
            chain=["acme/base", "<artefact>"],
            reason=WHY,
            until=NOON + dt.timedelta(days=9),
            **said,
        ),
        TextReview.objects.create(entry=version.entry, path="LICENSE", sha256="a" * 64, **said),
        MetDuty.objects.create(version=version, use_case=UseCaseFactory(), code="O-ATTRIB", note=WHY, **said),
    ]
    return [(row._meta.db_table, row.pk) for row in rows]
