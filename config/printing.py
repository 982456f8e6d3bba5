"""What commands print for people: names that cannot drive a terminal, tables, progress, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from config.commands import Refused

Progress = Callable[[int, int | None], None]


def plain(text: str, longest: int = 40) -> str:
    """A name for a terminal: short, and what does not print becomes a space."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def table_lines(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell; the first to the left, the others to the right."""
    rows = [tuple(head), *(tuple(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    made = []
    for row in rows:
        cells = [
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        made.append("  " + "  ".join(cells).rstrip())
    return made


def rows_progress(stderr: Any) -> Progress:
    """Tells a person at a terminal how far the reading is; says nothing to a file."""

    def tell(done: int, total: int | None) -> None:
        if stderr.isatty():
            of = f" of {total:,}" if total else ""
            stderr.write(f"\r{done:,}{of} rows", ending="\n" if done == total else "")

    return tell


def chance(p: float | None) -> str:
    """A p or q value; nothing where none was calculated."""
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def interval(row: Mapping[str, Any] | None) -> str:
    """A share with its interval."""
    if row is None or row["value"] is None:
        return "not measured"
    if row["ci_low"] is None or row["ci_high"] is None:
        return f"{row['value']:.1%}"
    return f"{row['value']:.1%} [{100 * row['ci_low']:.1f}-{100 * row['ci_high']:.1f}]"


def reason_lines(reasons: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Each reason with what is so and what to do, in the words of the portal."""
    from audits.models import Finding
    from governance.evidence.wording import finding_text

    for reason in reasons:
        yield f"{reason['code']}: {reason['locus']}".rstrip(" :")
        for line in finding_text(Finding(code=reason["code"], params=reason["params"])):
            yield f"    {line}"


def write_file(path: str, text: str, *, keep: Iterable[str] = ()) -> None:
    """Write a file as it is asked for, but over none of those that the command reads or has written: ``keep``.

    Raises:
        Refused: it cannot be written.
    """
    require_other(path, keep)
    try:
        Path(path).write_text(text, encoding="utf-8", newline="")
    except (OSError, ValueError) as problem:
        raise unusable(path, problem, "name a file that can be written") from problem


def require_other(path: str, keep: Iterable[str]) -> None:
    """Raises Refused where a file that is to be written is one of these."""
    for other in keep:
        try:
            same = Path(path).resolve() == Path(other).resolve() or (
                Path(path).exists() and Path(other).exists() and Path(path).samefile(other)
            )
        except (OSError, ValueError):
            continue  # no file: whoever opens it says so
        if same:
            raise Refused(f"{plain(path)} is read or written by this command already; name another file to write to")


def unusable(path: str, problem: Exception, mend: str) -> Refused:
    """The refusal of a path that cannot be read or written."""
    reason = getattr(problem, "strerror", None) or "not a path"
    return Refused(f"{plain(str(path))}: {reason}; {mend}")
