"""Finds in the Markdown which sections of the Hub's templates a card has, and whether they say anything.

Headings are taken as authors write them: with and without a space after ``#``, underlined, as HTML, or as a line that
begins in bold; with numbers, emoji, links and the template's ``[optional]``. What stands in code blocks and HTML
comments is no heading, and what the template itself says is no content.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from audits.cards.notes import Notes
from audits.cards.spec import SECTIONS

# beyond these a text is no card: what follows is not looked at
MAX_HEADINGS, MAX_MARKS = 5_000, 50_000
_MAX_SILENCE = 20_000
_BOLD, _TITLE = 7, 1
_LEAD_CHARACTERS = 40
# longer ones are sentences; a card's first heading is its title unless it is as short as "Model description"
_MAX_WORDS, _MAX_TITLE_WORDS = 10, 4

_MARK = re.compile(
    r"\n(?:"
    r" {0,3}(?P<hashes>#{1,6})(?P<atx>[^\n]*)"
    r"|[ \t]*+(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)"
    r"|\*\*(?P<bold>[^*\n]{2,80})\*\*"
    r"|[ \t]*+<[hH](?P<level>[1-6])\b[^>\n]*>(?P<html>[^\n]*)"
    r"|(?P<rule>={2,}|-{2,})[ \t]*+(?=\n|\Z)"
    r")"
)
_PLACEHOLDERS = ("more information needed", "needs more information")
# one of these stands in every text that has a placeholder; looking for fixed text is many times faster
_PLACEHOLDER_HINTS = (
    "nformation needed",
    "nformation Needed",
    "eeds more information",
    "eeds More Information",
    "INFORMATION NEEDED",
)
# what the templates say where the author says nothing, and a word of the author's
_SAID = re.compile(
    rf"\[?(?:{'|'.join(_PLACEHOLDERS)})[^\]\n.|]{{0,80}}\]?(?:\([^)\n]{{0,300}}\))?"
    + r"|users(?: \(both direct and downstream\))? should be made aware of"
    + r" the risks, biases and limitations of the \w+\."
    + r"|^ {0,3}#{1,6}[^\n]*|\*\*[^*\n]{1,80}\*\*:?|<[^>\n]{1,300}>"
    + r"|(?P<word>\w\w|[^\W\x00-\u02ff])",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_PLAIN = re.compile(r"\[optional\]|!?\[([^\]]{0,200})\]\([^)]{0,200}\)|<[^>]{0,200}>|[*_`#:：\\]+")
_NUMBERING = re.compile(r"^(?:[\W\d_]|(?:[ivx]+|[a-z])[.)] )+")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level (1 to 6, 7 for bold text), its words, where it and what it heads begin."""

    level: int
    title: str
    start: int
    content: int


def check_sections(
    text: str, *, kind: str, metadata: Mapping[str, object], first_line: int, cut: bool, notes: Notes
) -> int:
    """Note missing sections and placeholders; return how many of the expected sections are there.

    ``first_line`` is the line of the file at which ``text`` begins. Of a text that was cut, nothing is called missing.
    """
    if any(hint in text for hint in _PLACEHOLDER_HINTS):
        lower = text.lower()
        if unfilled := sum(lower.count(words) for words in _PLACEHOLDERS):
            first = min(place for words in _PLACEHOLDERS if (place := lower.find(words)) >= 0)
            notes.add("card.placeholder", line=first_line + lower.count("\n", 0, first), count=unfilled)
    expected = SECTIONS[kind]
    if not expected:
        return 0
    present, empty = _present(text, kind)
    count = 0
    for section in expected:
        if section.name in present or (section.stands_for and metadata.get(section.stands_for)):
            count += 1
        elif not cut:
            at = empty.get(section.name)
            line = None if at is None else first_line + text.count("\n", 0, at)
            code = "card.section.missing" if section.needed else "card.section.recommended"
            notes.add(code, line=line, section=section.name)
    return count


def section_texts(text: str, *, kind: str, longest: int) -> dict[str, str]:
    """What the sections of a card say, by name, each as its author wrote it and cut after ``longest`` characters.

    Those that are not there, or say nothing, are absent. Of several that one name stands for, the first counts.
    """
    plain = _without_comments(text)
    headings = read_headings(plain)
    found: dict[str, str] = {}
    for index, heading in enumerate(headings):
        words = _MAX_TITLE_WORDS if index == 0 and heading.level == _TITLE else _MAX_WORDS
        wanted = [name for name in _sections_named(kind, heading.title, words) if name not in found]
        if not wanted:
            continue
        end = next((other.start for other in headings[index + 1 :] if other.level <= heading.level), len(text))
        if _says_something(plain, heading.content, end):
            found |= dict.fromkeys(wanted, plain[heading.content : end].strip()[:longest])
    return found


def _present(text: str, kind: str) -> tuple[set[str], dict[str, int]]:
    """The sections that say something, and where those begin that have a heading only."""
    text = _without_comments(text)
    headings = read_headings(text)
    present: set[str] = set()
    empty: dict[str, int] = {}
    for index, heading in enumerate(headings):
        words = _MAX_TITLE_WORDS if index == 0 and heading.level == _TITLE else _MAX_WORDS
        wanted = [name for name in _sections_named(kind, heading.title, words) if name not in present]
        if not wanted:
            continue
        end = next((other.start for other in headings[index + 1 :] if other.level <= heading.level), len(text))
        if _says_something(text, heading.content, end):
            present.update(wanted)
        else:
            for name in wanted:
                empty.setdefault(name, heading.start)
    if "description" not in present and _lead(text, headings, kind):
        present.add("description")
    return present, empty


def _lead(text: str, headings: list[Heading], kind: str) -> bool:
    """Whether the card says what it is about before its first heading, or under its title."""
    plain = [heading for heading in headings if heading.level != _BOLD]
    ends = [heading.start for heading in plain[:2]] + [len(text)]
    parts = [(0, ends[0])]
    if plain and plain[0].level == _TITLE and not _sections_named(kind, plain[0].title, _MAX_TITLE_WORDS):
        parts.append((plain[0].content, ends[1]))
    return any(end - start >= _LEAD_CHARACTERS and _says_something(text, start, end) for start, end in parts)


def _says_something(text: str, start: int, end: int) -> bool:
    """Whether there is a word between two places that the template did not put there, soon after the first."""
    said = _SAID.finditer(text, start, min(end, start + _MAX_SILENCE))
    return any(match.lastgroup == "word" for match in said)


def _without_comments(text: str) -> str:
    """The text with HTML comments blanked, every character in its place."""
    start = text.find("<!--")
    if start < 0:
        return text
    parts: list[str] = []
    at = 0
    while start >= 0:
        end = text.find("-->", start + 4)
        if end < 0:
            break
        comment = text[start : end + 3]
        parts += [text[at:start], "\n".join(" " * len(line) for line in comment.split("\n"))]
        at = end + 3
        start = text.find("<!--", at)
    parts.append(text[at:])
    return "".join(parts)


def read_headings(text: str) -> list[Heading]:
    """The headings of a Markdown text outside code blocks, in order."""
    headings: list[Heading] = []
    fence = ""
    # offsets are those of ``text``: the line break put before it makes the first line like the others
    for match in itertools.islice(_MARK.finditer("\n" + text), MAX_MARKS):
        if match.lastgroup == "info":
            fence = _fence_after(fence, match["fence"], match["info"])
        elif not fence and (heading := _heading(text, match)):
            headings.append(heading)
            if len(headings) >= MAX_HEADINGS:
                break
    return headings


def _fence_after(fence: str, mark: str, info: str) -> str:
    """The fence that is open after a line that begins with ``mark``; "" if none is."""
    if not fence:
        # a line such as ```code``` opens nothing
        return mark if mark[0] == "~" or "`" not in info else ""
    closes = mark[0] == fence[0] and len(mark) >= len(fence) and not info.strip()
    return "" if closes else fence


def _heading(text: str, match: re.Match[str]) -> Heading | None:
    start, end = match.start(), match.end() - 1
    if match.lastgroup == "atx":
        return Heading(len(match["hashes"]), match["atx"][:200], start, end)
    if match.lastgroup == "bold":
        return Heading(_BOLD, match["bold"], start, end)
    if match.lastgroup == "html":
        return Heading(int(match["level"]), match["html"][:200], start, end)
    above = _line_above(text, start)
    return Heading(1 if match["rule"][0] == "=" else 2, above, start - len(above) - 1, end) if above else None


def _line_above(text: str, start: int) -> str:
    """The line above an underline if it can be a heading, else nothing."""
    if start < 2:
        return ""
    line = text[max(text.rfind("\n", 0, start - 1) + 1, start - 202) : start - 1]
    return "" if len(line) > 120 or not line.strip() or line.lstrip()[0] in "|#>-*`=<" else line


@lru_cache(maxsize=8192)
def _sections_named(kind: str, title: str, max_words: int) -> tuple[str, ...]:
    """The sections that a heading stands for; "Intended uses & limitations" is two."""
    plain = _NOT_PLAIN.sub(lambda match: match[1] or " ", title.lower())
    words = _NUMBERING.sub("", plain).split()
    if not 0 < len(words) <= max_words:
        return ()
    plain = " ".join(words).strip(" .-–—?!")
    return tuple(section.name for section in SECTIONS[kind] if section.headings.search(plain))
