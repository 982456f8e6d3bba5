"""From the bytes of a README.md to its front matter and its Markdown, with where each begins.

The fences are found as the Hub finds them (``REGEX_YAML_BLOCK`` in huggingface_hub), but on bytes and with searches
for fixed text: offsets stay those of the raw file even where it is not UTF-8, and no input makes the search slow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from audits.cards.notes import Notes

BOM = b"\xef\xbb\xbf"

# White space as a regular expression on text sees it, in UTF-8, and a second byte order mark, which the Hub skips too.
# Possessive, so that megabytes of blanks are walked once.
_OPENING = re.compile(
    rb"(?:[\s\x1c-\x1f]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
    rb"|\xef\xbb\xbf)*+---(?:\r\n|\r|\n)"
)
_TOP = 1_500
_MISPLACED = re.compile(
    rb"(?:\A\s*|[\r\n]---[ \t]*[\r\n]\s*)"
    rb"((?:license|language|tags|datasets|base_model|library_name|pipeline_tag|pretty_name|model-index)[ \t]*:)"
)
_FENCE = re.compile(rb"---[ \t]*+(?:\r\n|\n|\Z)")
_CONTROL_BYTES = bytes(code for code in range(0x20) if code not in b"\t\n\r\x00") + b"\x7f"
_CONTROL_C1 = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x84\x86-\x9f]")
# what overrides or isolates direction; the plain marks that Arabic and Hebrew texts need are not among them
_BIDI = re.compile(rb"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")
_BIDI_CHARACTERS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@dataclass(frozen=True, slots=True)
class Source:
    """A card cut in two.

    ``front_matter`` is the text between the fences, None without them; ``first_line`` is the line of its first
    character and ``lines`` are those of the two fences, counted from 1. ``body_offset`` is a byte of the raw file.
    ``cut`` says that the Markdown goes on beyond what was read.
    """

    front_matter: str | None
    first_line: int
    lines: tuple[int, int] | None
    body: str
    body_offset: int
    body_line: int
    cut: bool


def split(raw: bytes, *, max_bytes: int, notes: Notes) -> Source:
    """Cut ``raw`` into front matter and Markdown and note what is wrong with its bytes.

    Of a file beyond ``max_bytes`` the front matter is looked for in the whole, the Markdown is cut.
    """
    start = len(BOM) if raw.startswith(BOM) else 0
    if start:
        notes.add("card.encoding.bom", line=1)
    front_matter: str | None = None
    lines: tuple[int, int] | None = None
    first_line, body, body_line = 1, start, 1

    opening = _OPENING.match(raw, start)
    if opening:
        inner = opening.end()
        first_line = 1 + _breaks(raw[:inner])
        close, end = _closing(raw, inner)
        if close >= 0:
            block = raw[inner:close]
            front_matter = block.decode("utf-8", "replace")
            body, body_line = end, first_line + _breaks(raw[inner:end])
            # the closing fence may be the last thing in the file, without a line break of its own
            lines = (first_line - 1, first_line + _breaks(block) + 1)
        elif empty := _FENCE.match(raw, inner):
            # the Hub wants a line between the fences; a person sees an empty block
            front_matter, lines, body, body_line = "", (first_line - 1, first_line), empty.end(), first_line + 1
        else:
            notes.add("card.front_matter.unclosed", line=first_line - 1)
    elif raw[start:].strip():
        notes.add("card.front_matter.missing")
        head = raw[start:_TOP]
        misplaced = _MISPLACED.search(head)
        # in a code block it is an example
        if misplaced and b"```" not in head[: misplaced.start()]:
            notes.add("card.front_matter.misplaced", line=_line_at(head, misplaced.start(1)))

    cut = len(raw) > max_bytes
    if cut:
        notes.add("card.too_large", size=len(raw), limit=max_bytes)
        raw = raw[: _whole_character(raw, max(max_bytes, body))]
    _note_bytes(raw, notes)
    text = raw[body:].decode("utf-8", "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Source(front_matter, first_line, lines, text.replace("\x00", "\ufffd"), body, body_line, cut)


def _closing(raw: bytes, inner: int) -> tuple[int, int]:
    """Where the front matter ends and where the Markdown begins; (-1, -1) without a closing fence."""
    close, body = -1, -1
    for line_break in (b"\n---", b"\r---"):
        at = raw.find(line_break, inner)
        while at >= 0 and (close < 0 or at < close):
            fence = _FENCE.match(raw, at + 1)
            if fence:
                windows = line_break == b"\n---" and at > inner and raw[at - 1] == 0x0D
                close, body = at - windows, fence.end()
                break
            at = raw.find(line_break, at + 4)
    return close, body


def _whole_character(raw: bytes, end: int) -> int:
    """The end of the last whole character before ``end``, so that the cut is not taken for bad UTF-8."""
    for at in range(end, max(end - 4, 0), -1):
        if at >= len(raw) or raw[at] & 0xC0 != 0x80:
            return at
    return end


def _breaks(data: bytes) -> int:
    """Line breaks: LF, CR LF and a lone CR count once each."""
    returns = data.count(b"\r")
    return data.count(b"\n") + (returns - data.count(b"\r\n") if returns else 0)


def _line_at(raw: bytes, offset: int) -> int:
    """The line of a byte of the raw file, counted from 1."""
    return 1 + _breaks(raw[:offset])


def _note_bytes(raw: bytes, notes: Notes) -> None:
    if b"\r" in raw:
        _note_line_ends(raw, notes)
    if b"\x00" in raw:
        notes.add("card.text.nul", line=_line_at(raw, raw.index(b"\x00")), count=raw.count(b"\x00"))
    plain = raw.isascii()
    if not plain:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            guess = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
            notes.add("card.encoding.not_utf8", line=_line_at(raw, error.start), offset=error.start, encoding=guess)
    if len(raw.translate(None, _CONTROL_BYTES)) < len(raw) or (not plain and _CONTROL_C1.search(raw)):
        found = _CONTROL.finditer(raw)
        first = next(found)
        notes.add("card.text.control", line=_line_at(raw, first.start()), count=1 + sum(1 for _ in found))
    turning = None if plain else _BIDI.search(raw)
    if turning:
        times = {character: raw.count(character.encode()) for character in _BIDI_CHARACTERS}
        notes.add(
            "card.text.bidi",
            line=_line_at(raw, turning.start()),
            count=sum(times.values()),
            characters=", ".join(f"U+{ord(character):04X}" for character, count in times.items() if count),
        )


def _note_line_ends(raw: bytes, notes: Notes) -> None:
    crlf = raw.count(b"\r\n")
    cr, lf = raw.count(b"\r") - crlf, raw.count(b"\n") - crlf
    if cr or lf:
        notes.add("card.line_ends.mixed", lf=lf, crlf=crlf, cr=cr)
    else:
        notes.add("card.line_ends.crlf")
