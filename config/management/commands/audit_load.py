"""``manage.py audit_load MODEL DATA``: how long do answers take under load? Without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.audit_command import AuditCommand, reading
from config.commands import Refused


class Command(AuditCommand):
    help = "Put a model (onnx:PATH, skops:PATH) under load in the sandbox: questions at random times, at rising rates."
    sentences = {
        "pass": "Pass: answers come within the limit at every rate.",
        "warn": "Warn: no limit was given, or it cannot be told yet whether it is kept.",
        "fail": "Fail: at a rate that was asked for, answers take longer than the limit or are not given.",
        "insufficient_data": "Insufficient data: nothing was answered.",
        "no_information": "No information: nothing was measured.",
    }

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="onnx:PATH or skops:PATH")
        parser.add_argument("data", metavar="DATA", help="table of inputs: csv, csv.gz, parquet or json lines")
        parser.add_argument("--text", metavar="COL", help="column of texts, for a model of texts (text)")
        parser.add_argument(
            "--columns", nargs="+", action="extend", metavar="COL", help="that the model takes, in order"
        )
        parser.add_argument(
            "--rate",
            type=float,
            nargs="+",
            action="extend",
            metavar="N",
            help="questions a second, each tried for --seconds (default: shares of what the model manages)",
        )
        parser.add_argument("--seconds", type=float, metavar="N", help="for each rate (3)")
        parser.add_argument("--slo-ms", type=float, metavar="N", help="the longest an answer may take; needs --rate")
        parser.add_argument("--percentile", type=float, metavar="N", help="of answers that have to keep it (95)")
        parser.add_argument("--batch", type=int, metavar="N", help="rows in one question (1)")
        parser.add_argument("--price-per-hour", type=float, metavar="N", help="of this machine, for the cost of 1,000")
        self.seed_argument(parser, of="times of questions")

    def audit(self, options: Mapping[str, Any]) -> dict[str, Any]:
        from audits.adapters import references
        from audits.measures.stress.plan import stress_plan_from
        from audits.measures.tables.loading import load_table
        from audits.sandbox.probing import probe
        from audits.sandbox.refusals import NotIsolated
        from audits.stress import loading
        from audits.stress.running import stress

        keys = {"rates": "rate", "seconds": "seconds", "slo_ms": "slo_ms", "percentile": "percentile", "rows": "batch"}
        load = {key: options[name] for key, name in keys.items() if options[name] is not None}
        given: dict[str, Any] = {"load": load, "text": options["text"]}
        if options["columns"]:
            given["tabular"] = {"columns": options["columns"]}
        plan = stress_plan_from(given)
        with reading(options["data"]):
            table = load_table(Path(options["data"]))
        try:
            found = stress(
                references.adapter(options["model"]),
                table,
                plan,
                isolation=probe(),
                seed=options["seed"],
                progress=self.progress,
                parts=[loading.PART],
            )
        except NotIsolated as refused:
            raise Refused(str(refused)) from refused
        part = found.document["parts"]["load"]
        document = {
            # told and not judged is no pass
            "verdict": part["verdict"] or "warn",
            **{key: part[key] for key in ("rates", "capacity", "knee", "cold_start_s", "peak_memory_bytes", "plan")},
            "cost_per_1000": _cost(part["rates"], part["knee"], options["price_per_hour"]),
            "reasons": found.document["reasons"],
        }
        return document | {key: found.document[key] for key in ("model", "execution", "seed", "digest")}

    def show(self, document: dict[str, Any]) -> None:
        start, knee = document["cold_start_s"], document["knee"]
        isolation = document["execution"]["isolation"]
        self.stdout.write(
            f"Observed in the sandbox at level {isolation['level']}; cold start to the first answer"
            f" {start['median']:.2f} s"
            f" [{start['lowest']:.2f}-{start['highest']:.2f}, {start['n']} starts];"
            f" most memory {document['peak_memory_bytes'] / (1 << 20):,.0f} MB."
        )
        self.stdout.write(
            f"Without a pause {document['capacity']:,.1f} a second; highest rate kept up with"
            f" {'none of those tried' if knee is None else f'{knee:,.1f} a second'}."
        )
        self.stdout.write("Milliseconds from when each question was meant to be sent, with 95 % intervals:")
        percents = [f"p{one['percent']:g}" for one in document["rates"][0]["latency_ms"]]
        head = ("rate", "sent", "unsent", "failed", "a second", *percents, "verdict")
        self.show_table(head, map(_line, document["rates"]))
        if document["cost_per_1000"] is not None:
            self.stdout.write(f"1,000 answers cost {document['cost_per_1000']:.4g} at the highest rate kept up with.")
        self.show_reasons(document["reasons"])


def _line(row: Mapping[str, Any]) -> Sequence[str]:
    times = [
        f"{one['value']:.1f} [{_end(one['ci_low'])}-{_end(one['ci_high'])}]{' *' if one['indicative'] else ''}"
        for one in row["latency_ms"]
    ]
    said = row["verdict"] or ("kept up" if row["kept_up"] else "fell behind")
    counts = (f"{row[key]:,}" for key in ("sent", "unsent"))
    throughput = "" if row["throughput"] is None else f"{row['throughput']:,.1f}"
    return (f"{row['rate']:,.1f}", *counts, f"{row['failed']['k']:,}", throughput, *times, said)


def _end(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"


def _cost(rates: Sequence[Mapping[str, Any]], knee: float | None, price: float | None) -> float | None:
    """Of 1,000 answers at the highest rate that was kept up with; None where no price is given or none was."""
    if price is None or knee is None:
        return None
    kept = next(row for row in rates if row["rate"] == knee)
    return float(f"{price / 3600 / kept['throughput'] * 1000:.6g}")
