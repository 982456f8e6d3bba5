"""``manage.py scan_files PATH…``: look through the files of a model without loading them, and without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from config.audit_command import AuditCommand
from config.commands import Refused
from config.environment import models
from config.printing import plain, unusable

MOST_SHOWN = 200


class Command(AuditCommand):
    help = "Scan files or folders: pickles, archives, weights, templates, code and secrets, every byte accounted for."
    sentences = {
        "pass": "Pass: every byte was inspected, and nothing was found that a loader would run.",
        "warn": "Warn: every byte was inspected; something was found that should be looked at first.",
        "fail": "Fail: something was found that a loader would run, that is not known, or that is not what it seems.",
        "insufficient_data": "Insufficient data: some bytes were not inspected, so nothing can be said of them.",
        "no_information": "No information: there is no byte to inspect.",
    }

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="files or folders; links are not followed")
        parser.add_argument("--opinions", action="store_true", help="ask picklescan and modelscan too (ASSAY_SCANNERS)")

        parser.add_argument(
            "--signers",
            metavar="PATH",
            help="public key or certificate in PEM, or a folder of them: whose signatures of models count",
        )

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.files.documents import document_of
        from audits.files.opinions import asking, environments
        from audits.files.scanning import FileScan, scan_paths
        from audits.files.signatures.comparing import compare
        from audits.files.signatures.signers import signers_of

        scanners = {**environments.found(), **settings.SCANNERS} if options["opinions"] else {}
        if options["opinions"] and not scanners:
            raise Refused(
                "no other scanner is installed; install picklescan or modelscan, or say in ASSAY_SCANNERS where one "
                "is, or leave --opinions out"
            )
        try:
            signers = signers_of(models.pems(options["signers"])) if options["signers"] else []
        except (OSError, ValueError) as problem:
            why = getattr(problem, "strerror", None) or problem
            raise Refused(f"--signers {plain(options['signers'], 200)}: {why}") from problem
        scan, paths = FileScan(), [Path(path) for path in options["paths"]]
        for path in paths:
            try:
                scan_paths([path], scan)
            except (OSError, ValueError) as problem:
                raise unusable(str(path), problem, "name a file or folder that can be read") from problem
        signatures = compare(scan, signers, at=timezone.now())
        return document_of(scan, asking.ask(scan, scan.on_disk, scanners), signatures=signatures)

    def show(self, document: dict[str, Any]) -> None:
        total, inspected = document["bytes_total"], document["bytes_inspected"]
        self.stdout.write(
            f"{inspected:,} of {total:,} bytes inspected, {document['bytes_tensor_data']:,} of them tensor data.\n"
        )
        rows = document["files"][:MOST_SHOWN]
        lines = [
            (
                plain(row["path"], 60),
                row["format"],
                row["engine"] or "none",
                f"{row['bytes']:,}",
                f"{row['bytes_inspected']:,}",
                str(len(row["findings"]) or ""),
            )
            for row in rows
        ]
        self.show_table(("file", "format", "engine", "bytes", "inspected", "findings"), lines)
        if len(document["files"]) > len(rows):
            self.stdout.write(f"  … and {len(document['files']) - len(rows):,} more; --format json has them all")
        for name, told in _told_by(document["opinions"]).items():
            self.stdout.write(f"{name}: {told}")
        self.stdout.write("" if document["signatures"] else "\nThere is no signature of the model.")
        self.show_reasons(
            [
                {"code": found["code"], "locus": one["path"], "params": found["params"]}
                for one in [
                    *document["files"],
                    *({"path": f["path"], "findings": [f]} for f in document["findings_elsewhere"]),
                ]
                for found in one["findings"]
            ]
        )


def _told_by(opinions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What each other scanner said, in one line."""
    said: dict[str, list[Mapping[str, Any]]] = {}
    for one in opinions:
        said.setdefault(f"{one['scanner']} {one['version']}".strip(), []).append(one)
    return {
        name: ", ".join(
            f"{n:,} {word}"
            for word, n in (
                ("asked of", len([one for one in rows if one["path"]])),
                ("alarming", len([one for one in rows if one["alarms"]])),
                ("failed", len([one for one in rows if one["failed"] and one["path"]])),
                ("passed over", len([one for one in rows if one.get("passed_over")])),
            )
        )
        for name, rows in said.items()
    }
