"""``manage.py judge_cards DIR``: a table of licence verdicts over a folder of cards, without a database."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from audits.cards import parse, works
from config.commands import AssayCommand, Refused
from licenses import catalogue
from licenses.bulk import Found, Graph, Judge
from licenses.findings import VERDICTS
from licenses.profiles import MODES, PURPOSES, STRICTNESS

FOLDERS = {"models": "model", "hub_api": "model", "datasets": "dataset", "spaces": "space"}
"""Folders inside DIR that are read, and what stands in them."""
KINDS = ("model", "dataset", "space")
SHOWN = 15  # pairs of licences in a table


class Command(AssayCommand):
    help = (
        "Judge the licences of every card of a folder against all that the cards name as its origins. DIR holds cards"
        " (namespace__name.md) or Hub answers (*.jsonl[.gz]), or folders models, datasets, spaces, hub_api of them."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR")
        parser.add_argument(
            "--kind", choices=KINDS, default="model", help="what stands in DIR itself; model if left out"
        )
        parser.add_argument("--known", metavar="FILE", help="JSON lines: what other public records say of works")
        parser.add_argument("--conflicts", type=int, default=0, metavar="N", help="show N conflicts with their chains")
        parser.add_argument("--purpose", choices=PURPOSES, default="commercial")
        parser.add_argument("--mode", choices=MODES, default="redistribute_weights")
        parser.add_argument("--territory", default="US", metavar="PLACE")
        parser.add_argument("--strictness", choices=STRICTNESS, default="conservative")
        parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")

    def handle(self, *args: Any, **options: Any) -> None:
        profile = {name: options[name] for name in ("purpose", "mode", "territory", "strictness")}
        cards = list(self._cards(Path(options["folder"]).expanduser(), options["kind"]))
        if not cards:
            raise Refused(f"{options['folder']}: no card could be read")
        graph = Graph.of(works.joined(cards, _records(options["known"])))
        # Works with a card stand before those that are only named; one repository may have been met twice.
        number = len({(one["type"], one["id"].casefold()) for one in cards})
        document = table(graph, number, profile, conflicts=max(0, options["conflicts"]))
        if options["format"] == "json":
            self.print_json(document)
        else:
            for line in markdown(document) if options["markdown"] else text(document):
                self.stdout.write(line)

    def _cards(self, folder: Path, kind: str) -> Iterator[dict[str, Any]]:
        from governance.catalog import collected
        from governance.catalog.snapshots import SnapshotRefused

        inside = {folder / name: each for name, each in FOLDERS.items() if (folder / name).is_dir()}
        refused = 0
        for where, each in (inside or {folder: kind}).items():
            try:
                found = collected.read_folder(where, kind=each, source="local", max_card_bytes=settings.MAX_CARD_BYTES)
                for one in found:
                    if isinstance(one, SnapshotRefused):
                        refused += 1
                        continue
                    # Of a card alone its files are not known.
                    files = [file.path for file in one.files] if len(one.files) > 1 else []
                    card = parse(one.card or b"", kind=each, files=files)
                    yield works.work(card, id=one.repo_id, kind=each, files=files)
            except SnapshotRefused as nothing:
                raise Refused(f"{nothing.code}: {nothing.message}") from nothing
        if refused:
            self.stderr.write(f"{refused} could not be read and were left out")


def table(graph: Graph, cards: int, profile: Mapping[str, Any], *, conflicts: int = 0) -> dict[str, Any]:
    """Verdicts, codes and pairs of licences in conflict over the first ``cards`` works of a graph.

    Returns:
        ``{"cards", "named_only", "profile", "table_digest", "date", "verdicts", "with_upstream", "codes", "pairs",
        "conflicts"}``: numbers of cards; ``pairs`` counts (code, upstream's licence, relations, declared licence).
    """
    verdicts: Counter[str] = Counter()
    behind: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    pairs: Counter[tuple[str, str, str, str]] = Counter()
    shown: list[dict[str, Any]] = []
    for one in Judge(graph, profile).verdicts(range(cards)):
        verdicts[one.verdict] += 1
        behind[one.verdict] += graph.first[one.work] != graph.first[one.work + 1]
        codes.update(one.codes)
        name, declared = graph.ids[one.work], _declared(graph, one.work)
        found = [each for each in one.findings if each.template.severity == "conflict" and len(each.chain) > 1]
        pairs.update({(each.template.code, _licence(each), " > ".join(each.relations), declared) for each in found})
        if found:
            kind = graph.kinds[graph.kind[one.work]]
            chains = [each.as_json(name) for each in sorted(found, key=lambda each: (len(each.chain), each.chain))]
            shown.append({"id": name, "type": kind, "declared": declared, "findings": chains})
    shown.sort(key=lambda each: (each["id"].casefold(), each["type"]))
    return {
        "cards": cards,
        "named_only": len(graph) - cards,
        "profile": dict(profile),
        "table_digest": catalogue.table_digest(),
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "verdicts": {verdict: verdicts[verdict] for verdict in reversed(VERDICTS)},
        "with_upstream": {verdict: behind[verdict] for verdict in reversed(VERDICTS)},
        "codes": dict(sorted(codes.items(), key=lambda item: (-item[1], item[0]))),
        "pairs": [
            {"code": code, "upstream": up, "relations": how, "declared": ours, "cards": number}
            for (code, up, how, ours), number in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
        ],
        "in_conflict_with_upstream": len(shown),
        "conflicts": shown[:conflicts],
    }


def text(document: Mapping[str, Any]) -> Iterator[str]:
    """The table as plain lines."""
    yield _head(document)
    for verdict, number in document["verdicts"].items():
        yield f"{number:8} {verdict:<11} {document['with_upstream'][verdict]:8} of them with an upstream"
    for code, number in document["codes"].items():
        yield f"{number:8} {code}"
    for pair in document["pairs"][:SHOWN]:
        yield f"{pair['cards']:8} {pair['code']}: {pair['declared']} on {pair['upstream']} ({pair['relations']})"
    for one in document["conflicts"]:
        yield f"{_plain(one['id'])}: {_plain(one['declared'])}"
        for found in one["findings"]:
            chain = " <- ".join(reversed(found["chain"]))
            yield f"  {found['code']:<14} {_plain(found['message'])} [{_plain(chain)}]"


def markdown(document: Mapping[str, Any]) -> Iterator[str]:
    """The table as Markdown."""
    yield _head(document)
    yield from ("", "| verdict | cards | with an upstream |", "|---|---:|---:|")
    for verdict, number in document["verdicts"].items():
        yield f"| {verdict} | {number} | {document['with_upstream'][verdict]} |"
    yield from ("", "| code | cards |", "|---|---:|")
    for code, number in document["codes"].items():
        yield f"| {code} | {number} |"
    yield from ("", "| conflict | declared | upstream's licence | relations | cards |", "|---|---|---|---|---:|")
    for pair in document["pairs"][:SHOWN]:
        declared, up = _cell(pair["declared"]), _cell(pair["upstream"])
        yield f"| {pair['code']} | {declared} | {up} | {pair['relations']} | {pair['cards']} |"
    if document["conflicts"]:
        yield from ("", "| repository | declared | conflict | chain, upstream first |", "|---|---|---|---|")
        for one in document["conflicts"]:
            for found in one["findings"]:
                chain = " → ".join(found["chain"])
                yield f"| {_cell(one['id'])} | {_cell(one['declared'])} | {found['code']} | {_cell(chain)} |"


def _head(document: Mapping[str, Any]) -> str:
    profile = ", ".join(f"{name} {value}" for name, value in document["profile"].items())
    return (
        f"{document['cards']} cards, {document['named_only']} works that are only named or recorded; {profile};"
        f" {document['date']}; licence table {document['table_digest'][:12]}"
    )


def _records(name: str | None) -> Iterator[dict[str, Any]]:
    if name is None:
        return
    try:
        lines = Path(name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as failed:
        raise Refused(f"{name}: cannot be read ({failed}); name a file of JSON lines") from failed
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line) if line.strip() else None
        except ValueError as failed:
            raise Refused(f"{name}, line {number}: not JSON ({failed})") from failed
        if record is None:
            continue
        if not isinstance(record, dict) or not isinstance(record.get("id"), str):
            raise Refused(f"{name}, line {number}: is an object with id, type, license and source")
        yield record


def _declared(graph: Graph, work: int) -> str:
    licence = graph.facts[graph.fact[work]].get("license")
    return ", ".join(map(str, licence)) if isinstance(licence, (list, tuple)) else str(licence or "nothing")


def _licence(found: Found) -> str:
    return str(found.template.params.get("licence_id") or found.template.params["licence"])


def _plain(written: str) -> str:
    return "".join(char if char.isprintable() else " " for char in written)


def _cell(written: str) -> str:
    return _plain(written).replace("|", "\\|").replace("<", "&lt;")
