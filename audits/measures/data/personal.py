"""Personal data in cells: patterns, checksums, words around them. What is found is counted and shown as its shape only.

A pattern alone finds too much: one in ten numbers of sixteen digits has a right Luhn digit. So a number counts by its
checksum only together with a word that says what it is (in the cell or the column's name), or where most numbers of
that form in the column have the right checksum, which chance does not do.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.tables.arrow import as_numpy, as_strings, positions

# Without a word beside them, numbers count where there are so many and so many of them pass.
LEAST_CANDIDATES = 5
LEAST_PASSING = 0.5
SHOWN = 3
_LONGEST_SHAPE = 40

Check = Callable[[str], bool]


def luhn(number: str) -> bool:
    """Whether the last digit of a card number is right (ISO/IEC 7812-1, annex B).

    >>> luhn("4111 1111 1111 1111"), luhn("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(char) for char in number if char.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban(number: str) -> bool:
    """Whether an account number leaves 1 when divided by 97 (ISO 13616).

    >>> iban("GB82 WEST 1234 5698 7654 32"), iban("GB82 WEST 1234 5698 7654 33")
    (True, False)
    """
    plain = re.sub(r"[ -]", "", number).upper()
    if not 15 <= len(plain) <= 34:
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def inn(number: str) -> bool:
    """Whether the last digits of a Russian taxpayer number are right: one of 10, or two of 12.

    Source: order of the Russian Federal Tax Service of 29.06.2012, MMV-7-6/435@.

    >>> inn("7707083893"), inn("500100732259"), inn("7707083894")
    (True, True, False)
    """
    digits = [int(char) for char in number]
    weights = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
    ends = (10,) if len(digits) == 10 else (11, 12)
    if len(digits) not in (10, 12) or len(set(digits)) == 1:
        return False
    for end in ends:
        of = weights[len(weights) - (end - 1) :]
        if sum(w * d for w, d in zip(of, digits, strict=False)) % 11 % 10 != digits[end - 1]:
            return False
    return True


def snils(number: str) -> bool:
    """Whether the last two digits of a Russian pension insurance number are right (for numbers above 001-001-998).

    >>> snils("112-233-445 95"), snils("112-233-445 96")
    (True, False)
    """
    digits = [int(char) for char in number if char.isdigit()]
    if len(digits) != 11 or int("".join(map(str, digits[:9]))) <= 1_001_998:
        return False
    total = sum(weight * digit for weight, digit in zip(range(9, 0, -1), digits, strict=False)) % 101
    return (0 if total == 100 else total) == digits[9] * 10 + digits[10]


def public_address(text: str) -> bool:
    """Whether a text is an internet address that points to somebody: not private, local or reserved.

    >>> public_address("8.8.8.8"), public_address("192.168.0.1"), public_address("1.2.3.999")
    (True, False, False)
    """
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _no_check(_text: str) -> bool:
    return True


@dataclass(frozen=True)
class Pattern:
    """One kind of personal data.

    ``sure`` findings make an audit fail, others warn. ``words`` (a pattern) beside or in the column's name stand for
    what the form cannot tell; None: the form says enough. ``by_chance``: the check passes often enough by chance that a
    form alone is no evidence.
    """

    name: str
    form: str
    check: Check = _no_check
    words: str | None = None
    sure: bool = True
    needs_word: bool = False
    by_chance: bool = False


# The forms are written for two engines, so they use neither look-around nor groups that capture more than the whole.
PATTERNS = (
    Pattern("email", r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}\b"),
    Pattern("iban", r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", iban),
    Pattern(
        "payment_card",
        r"\b[3-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7}\b",
        luhn,
        words=r"card|visa|master ?card|maestro|amex|mir\b|карт[аеуыо]|мир\b",
        by_chance=True,
    ),
    Pattern("snils", r"\b[0-9]{3}-[0-9]{3}-[0-9]{3}[ -][0-9]{2}\b", snils),
    Pattern("snils_digits", r"\b[0-9]{11}\b", snils, words=r"snils|снилс", by_chance=True, needs_word=True),
    Pattern("inn", r"\b(?:[0-9]{12}|[0-9]{10})\b", inn, words=r"\binn\b|\bинн\b", by_chance=True),
    Pattern(
        "passport",
        r"\b[0-9]{2} ?[0-9]{2}[ №N]{1,3}[0-9]{6}\b|\b[0-9]{10}\b",
        words=r"passport|паспорт|серия",
        needs_word=True,
    ),
    Pattern(
        "phone",
        r"(?:\+[0-9]{1,3}[ -]?)(?:\(?[0-9]{2,4}\)?[ -]?)(?:[0-9]{2,4}[ -]?){2,3}[0-9]{0,4}"
        r"|\b8[ -]?\(?[0-9]{3}\)?[ -][0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}\b|\(?\b[0-9]{3}\)?[ -][0-9]{3}-[0-9]{4}\b",
        lambda text: 10 <= sum(char.isdigit() for char in text) <= 15,
        sure=False,
    ),
    Pattern(
        "ip_address",
        r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}\b",
        public_address,
        sure=False,
    ),
)
_COMPILED = {pattern.name: re.compile(pattern.form) for pattern in PATTERNS}


@dataclass
class Found:
    """Personal data of one kind in one column: which rows (positions of values in them), and shapes with their rows."""

    what: str
    sure: bool
    values: list[int] = field(default_factory=list)
    shapes: dict[str, int] = field(default_factory=dict)


def shape(text: str) -> str:
    """The form of a text without its content: letters as x, digits as 0, at most 40 characters.

    >>> shape("Ann.Lee@mail.example")
    'xxx.xxx@xxxx.xxxxxxx'
    """
    masked = "".join("0" if char.isdigit() else "x" if char.isalpha() else char for char in text[:_LONGEST_SHAPE])
    return "".join(char if char.isprintable() else " " for char in masked)


def personal_data(name: str, cells: pa.Array | Sequence[str], counts: npt.NDArray[np.int64]) -> list[Found]:
    """Personal data among the different values of a column.

    Args:
        name: of the column; a word in it counts as a word in each cell.
        cells: shape (k,), all different.
        counts: shape (k,), rows of each.

    Returns:
        One entry per kind that was found, with the positions of the values that hold it.
    """
    cells = as_strings(cells)
    # without a digit or an @ there is nothing to find
    places = np.flatnonzero(as_numpy(pc.match_substring_regex(cells, "[0-9@]")))
    if not places.size:
        return []
    likely = cells.take(positions(places))
    found = []
    for pattern in PATTERNS:
        matching = np.flatnonzero(as_numpy(pc.match_substring_regex(likely, pattern.form)))
        texts = likely.take(positions(matching)).to_pylist()
        one = _with_pattern(pattern, name, texts, counts, places[matching])
        if one is not None:
            found.append(one)
    return _without_doubles(found)


def _with_pattern(
    pattern: Pattern, name: str, texts: list[str], counts: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
) -> Found | None:
    """What a pattern finds in texts that stand at ``places`` among the different cells."""
    if not places.size:
        return None
    words = re.compile(pattern.words, re.IGNORECASE) if pattern.words else None
    named = words is not None and words.search(name) is not None
    expression = _COMPILED[pattern.name]
    made = Found(pattern.name, pattern.sure)
    alone: list[tuple[int, str]] = []
    candidates = 0
    for place, text in zip(places.tolist(), texts, strict=True):
        matches = [match[0] for match in expression.finditer(text)]
        candidates += bool(matches)
        passing = next((match for match in matches if pattern.check(match)), None)
        if passing is None:
            continue
        if words is None or named or words.search(text):
            _add(made, place, passing, counts)
        elif not pattern.needs_word:
            alone.append((place, passing))
    enough = candidates >= LEAST_CANDIDATES and len(alone) + len(made.values) >= LEAST_PASSING * candidates
    if not pattern.by_chance or enough:
        for place, passing in alone:
            _add(made, place, passing, counts)
    return made if made.values else None


def _add(made: Found, place: int, text: str, counts: npt.NDArray[np.int64]) -> None:
    made.values.append(place)
    form = shape(text)
    if form in made.shapes or len(made.shapes) < 1_000:
        made.shapes[form] = made.shapes.get(form, 0) + int(counts[place])


def _without_doubles(found: list[Found]) -> list[Found]:
    """A number that is a surer thing is not also a phone or a passport; both spellings of SNILS are one."""
    taken: set[int] = set()
    kept: dict[str, Found] = {}
    for one in found:
        what = "snils" if one.what == "snils_digits" else one.what
        if what in ("phone", "passport"):
            one.values = [value for value in one.values if value not in taken]
        else:
            taken.update(one.values)
        if not one.values:
            continue
        if what in kept:
            kept[what].values = sorted({*kept[what].values, *one.values})
            kept[what].shapes |= one.shapes
        else:
            one.what = what
            kept[what] = one
    return list(kept.values())


def examples(shapes: Mapping[str, int]) -> list[dict[str, object]]:
    """The commonest shapes with their rows; the same whatever the order of rows."""
    ordered = sorted(shapes.items(), key=lambda one: (-one[1], one[0]))
    return [{"shape": form, "rows": rows} for form, rows in ordered[:SHOWN]]
