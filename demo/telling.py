"""What the demonstration prints while it goes on."""

from __future__ import annotations

import sys

_numbers = iter(range(1, 100))


def step(title: str) -> None:
    """Print the title of the next part of the story, with its number."""
    print(f"\n{next(_numbers)}. {title}", flush=True)


def said(text: str) -> None:
    """Print a line below it; at a terminal what a bar has left there goes."""
    end = "\x1b[K" if sys.stdout.isatty() else ""
    print(f"   {text}{end}", flush=True)


def bar(what: str, done: int, total: int | None, unit: str) -> None:
    """One line that is written over, at a terminal only."""
    if not sys.stdout.isatty():
        return
    if total:
        filled = round(20 * done / total)
        print(
            f"   {what} [{'#' * filled}{'.' * (20 - filled)}] {done:,} of {total:,} {unit}\x1b[K", end="\r", flush=True
        )
    else:
        print(f"   {what} …\x1b[K", end="\r", flush=True)
