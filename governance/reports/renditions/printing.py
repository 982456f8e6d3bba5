"""The process that prints: HTML in, PDF out. Started by ``pdf`` and by nothing else.

It knows no Django and no settings, so that it begins at once and holds nothing worth stealing; it fetches no address,
whatever a page asks for. ``python -m governance.reports.renditions.printing PAGE.html PRINT.pdf MOST_PAGES``. The
last line of what it says is JSON: ``{"pages": n}``, with exit 0; or ``{"code", "message"}`` with exit 3.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

REFUSED = 3


def _refuse(code: str, message: str, **more: Any) -> NoReturn:
    sys.stdout.write(json.dumps({"code": code, "message": message, **more}) + "\n")
    raise SystemExit(REFUSED)


# What the dynamic linker says of a library that is there and finds no room.
_NO_ROOM = ("failed to map segment", "annot allocate memory", "annot apply additional memory protection")


def _printer() -> Any:
    try:
        import weasyprint
    except (ImportError, OSError) as cramped:
        if any(said in str(cramped) for said in _NO_ROOM):
            raise MemoryError from cramped
        _missing(cramped)
    return weasyprint


def _missing(why: ImportError | OSError) -> NoReturn:
    if isinstance(why, ImportError):
        _refuse("printer_missing", f"WeasyPrint is not installed: {why}; pip install -r requirements.txt")
    # It looks for pango when it is imported.
    _refuse(
        "pango_missing",
        f"the system's pango library is missing ({why}); install it, on Debian: apt-get install libpango-1.0-0"
        " libpangoft2-1.0-0. The HTML form is there without it",
    )


def _nothing(url: str, *_: Any, **__: Any) -> NoReturn:
    raise ValueError(f"a report fetches nothing: {url[:80]}")


def main(page: str, print_: str, most_pages: str) -> None:
    try:
        weasyprint = _printer()
        document = weasyprint.HTML(string=Path(page).read_text(encoding="utf-8"), url_fetcher=_nothing).render()
        pages = len(document.pages)
        if pages > int(most_pages):
            _refuse("too_many_pages", f"{pages} pages, and at most {most_pages} are allowed", pages=pages)
        document.write_pdf(print_)
    except MemoryError:
        _refuse("out_of_memory", "printing needs more memory than it is allowed")
    sys.stdout.write(json.dumps({"pages": pages}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
