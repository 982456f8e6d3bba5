"""The forms of a report of ten thousand versions, each with a decision and a bias audit, against their bounds.

    python -m bench.report_forms [VERSIONS]

HTML, JSON and CSV together in at most 120 s and 1 GB, the PDF in at most 90 s and 800 MB; and the time by the number of
versions shown. The document is generated (``bench.synthetic.reported``): real shapes, results of real audits. Times
are of the processor and of the clock; memory is the largest that the process, or the printing process, ever held.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import IO, Any

BOUND_FORMS_S, BOUND_FORMS_MB = 120, 1000
BOUND_PDF_S, BOUND_PDF_MB = 90, 800


def document(n: int) -> tuple[Any, str]:
    """A generated document in a temporary file, and its digest."""
    from bench.synthetic import reported
    from governance.reports import controls
    from governance.reports.reading import StoredDocument
    from governance.reports.writing import Content, Section, assemble

    tally = controls.Tally()
    lists = {name: Section.of_items(tally.watching(name, reported.items(name, n))) for name in reported.SECTIONS}
    values: Mapping[str, Any] = reported.values(n)
    tally.see("reproduction", values["reproduction"])
    values = {**values, "control_matrix": controls.matrix(tally.counts)}
    content = Content.of({**lists, **{name: Section.of_value(value) for name, value in values.items()}})
    cover = {**reported.cover(n), "content_sha256": content.sha256}
    written = assemble(format="assay-report/1", cover=cover, content=content, differences=reported.differences(n))
    return StoredDocument(written.file, written.index), hashlib.file_digest(written.file, "sha256").hexdigest()


def forms(n: int) -> dict[str, float]:
    """Draw HTML and CSV and copy the JSON, in this process."""
    from governance.reports.renditions import html, spreadsheets
    from governance.reports.renditions.source import Source

    stored, sha256 = document(n)
    source = Source(stored, sha256)
    told: dict[str, float] = {"document_mb": os.fstat(stored.file.fileno()).st_size / 2**20}
    began, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryFile() as out:
        for piece in html.complete(source, language="en"):
            out.write(piece.encode())
        told["html_mb"], told["html_s"] = out.tell() / 2**20, time.process_time() - processor
    processor = time.process_time()
    with tempfile.TemporaryFile() as out:
        spreadsheets.write(source, out)
        told["csv_mb"], told["csv_s"] = out.tell() / 2**20, time.process_time() - processor
    processor = time.process_time()
    with tempfile.TemporaryFile() as out:
        stored.file.seek(0)
        for chunk in _chunks(stored.file):
            out.write(chunk)
    told["json_s"] = time.process_time() - processor
    told["processor_s"] = told["html_s"] + told["csv_s"] + told["json_s"]
    told["clock_s"] = time.perf_counter() - began
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return told


def print_(n: int) -> dict[str, float]:
    """Print the PDF."""
    from governance.reports.renditions import pdf
    from governance.reports.renditions.source import Source

    stored, sha256 = document(n)
    began, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryFile() as out:
        printed = pdf.write(Source(stored, sha256), out, language="en")
        size = out.tell() / 2**20
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "pages": printed.pages,
        "in_full": printed.in_full,
        "left_out": printed.left_out,
        "mb": size,
        "processor_s": time.process_time() - processor + children.ru_utime + children.ru_stime,
        "clock_s": time.perf_counter() - began,
        "peak_mb": max(children.ru_maxrss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024,
    }


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        yield chunk


def _in_a_process(what: str, n: int) -> dict[str, float]:
    ended = subprocess.run(
        [sys.executable, "-m", "bench.report_forms", "--do", what, str(n)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(ended.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    if sys.argv[1:2] == ["--do"]:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        print(json.dumps({"forms": forms, "print": print_}[sys.argv[2]](int(sys.argv[3]))))
        return
    n = int(sys.argv[1]) if sys.argv[1:] else 10_000
    print("HTML, CSV and JSON by versions (processor seconds)")
    per_version = []
    for size in (n // 8, n // 4, n // 2, n):
        told = _in_a_process("forms", size)
        per_version.append(told["processor_s"] / size)
        print(
            f"{size:>7}: {told['processor_s']:6.1f} s (html {told['html_s']:.1f}, csv {told['csv_s']:.1f}, json"
            f" {told['json_s']:.1f}), {told['clock_s']:.1f} s by the clock, {told['peak_mb']:.0f} MB;"
            f" document {told['document_mb']:.0f} MB, html {told['html_mb']:.0f} MB, csv {told['csv_mb']:.1f} MB"
        )
    print(f"per version, the largest over the smallest: {per_version[-1] / per_version[0]:.2f} (linear: 1.00)")
    print(
        f"of the bounds: time {told['processor_s'] / BOUND_FORMS_S:.2f}, memory {told['peak_mb'] / BOUND_FORMS_MB:.2f}"
    )
    told = _in_a_process("print", n)
    print(
        f"PDF of {n}: {told['pages']:.0f} pages, {told['in_full']:.0f} versions in full, {told['left_out']:.0f} left to"
        f" the annex; {told['processor_s']:.1f} s of the processor, {told['clock_s']:.1f} s by the clock,"
        f" {told['peak_mb']:.0f} MB"
    )
    print(f"of the bounds: time {told['processor_s'] / BOUND_PDF_S:.2f}, memory {told['peak_mb'] / BOUND_PDF_MB:.2f}")


if __name__ == "__main__":
    main()
