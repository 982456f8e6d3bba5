"""Making a suite from templates with slots: every combination of what fills them is a case. Plain Python.

The file (YAML or JSON) says what is tested and how; what fills the slots is the user's own or a published list.

    language: en
    slots: {PLACE: [the bank, the school]}
    together: [[IDENTITY_S, IDENTITY_P]]     # slots that take their values side by side
    target: IDENTITY_P                       # the slot that says whom a case is about
    tests:
      - {functionality: praise, type: MFT, label: non-hateful, templates: ["I like {IDENTITY_P}."]}
      - {functionality: typos, type: INV, templates: [{text: "I like {PLACE}.", changed: ["I liek {PLACE}."]}]}
      - {functionality: emphasis, type: DIR, expectation: not_lower,
         templates: [{text: "{PLACE} is bad.", changed: ["{PLACE} is very bad."]}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.measures.templates import TemplateRejected, combinations, filled, slots_of

HEAD = (
    "functionality",
    "case_id",
    "test_case",
    "label_gold",
    "target_ident",
    "templ_id",
    "case_templ",
    "test_type",
    "ref_case_id",
    "expectation",
)
MAX_CASES = 500_000
_KEYS = ("language", "slots", "together", "target", "tests")
_TEST_KEYS = ("functionality", "type", "label", "expectation", "templates")
_EXPECTATIONS = ("not_lower", "not_higher")


@dataclass(frozen=True)
class Test:
    """One functionality: its kind, and its templates as (text, changed texts)."""

    __test__ = False

    functionality: str
    kind: str
    label: str
    expectation: str
    templates: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class SuiteTemplates:
    """A file of templates, read and checked."""

    language: str
    slots: Mapping[str, tuple[str, ...]]
    together: tuple[tuple[str, ...], ...]
    target: str | None
    tests: tuple[Test, ...]


def templates_from(document: object, *, slots: Mapping[str, Sequence[str]] | None = None) -> SuiteTemplates:
    """Read a file of templates.

    Args:
        document: as parsed from YAML or JSON.
        slots: more values, or values that replace the file's, by slot.

    Raises:
        TemplateRejected: a key is unknown or missing, a test cannot be carried out, or a slot has no values.
    """
    if not isinstance(document, Mapping):
        raise _wrong("the file", "a mapping with 'tests'")
    _only_keys(document, _KEYS, "the file")
    values = {str(name): _texts(given, f"slots.{name}") for name, given in _mapping(document.get("slots"), "slots")}
    values |= {name: tuple(given) for name, given in (slots or {}).items()}
    together = tuple(_texts(group, "together") for group in _items(document.get("together") or (), "together"))
    tests = tuple(_test(one, number) for number, one in enumerate(_items(document.get("tests") or (), "tests"), 1))
    if not tests:
        raise TemplateRejected("tests_missing", "the file has no tests; list at least one under 'tests'")
    target = document.get("target")
    if target is not None and (not isinstance(target, str) or target not in values):
        raise TemplateRejected("slot_not_filled", f"the target slot {target!r} has no values; give it some under slots")
    return SuiteTemplates(str(document.get("language") or "en"), values, together, target, tests)


def cases_of(suite: SuiteTemplates) -> Iterator[tuple[str, ...]]:
    """The rows of the suite's table, in the order of ``HEAD``, every case with an id of its own.

    Raises:
        TemplateRejected: a slot has no values, or the cases are more than ``MAX_CASES``.
    """
    number = 0
    template_number = 0
    for test in suite.tests:
        for text, changed in test.templates:
            template_number += 1
            names = list(dict.fromkeys(name for one in (text, *changed) for name in slots_of(one)))
            for values in combinations(names, suite.slots, suite.together):
                number += 1
                if number + len(changed) > MAX_CASES:
                    raise TemplateRejected(
                        "too_many_cases", f"the templates make more than {MAX_CASES:,} cases; use fewer values"
                    )
                base = str(number)
                target = _target(suite, values)
                # the case that the others are compared with is no test of its own unless it has a label
                rows = [(text, "MFT" if test.label else "", "", "")]
                if test.kind != "MFT":
                    rows += [(one, test.kind, base, test.expectation) for one in changed]
                for offset, (template, kind, reference, expectation) in enumerate(rows):
                    yield (
                        test.functionality if kind else "",
                        str(number + offset),
                        filled(template, values, language=suite.language),
                        test.label,
                        target,
                        str(template_number),
                        template,
                        kind,
                        reference,
                        expectation,
                    )
                number += len(rows) - 1


def _target(suite: SuiteTemplates, values: Mapping[str, str]) -> str:
    """Whom a case is about: the value of the target slot, or what stands beside that of a slot that goes with it."""
    if suite.target is None:
        return ""
    if suite.target in values:
        return values[suite.target]
    for group in suite.together:
        if suite.target in group:
            for name in group:
                if name in values:
                    return suite.slots[suite.target][suite.slots[name].index(values[name])]
    return ""


def _test(given: object, number: int) -> Test:
    where = f"test {number}"
    if not isinstance(given, Mapping):
        raise _wrong(where, "a mapping with 'functionality', 'type' and 'templates'")
    _only_keys(given, _TEST_KEYS, where)
    functionality = _text(given.get("functionality"), f"{where}: functionality")
    kind = str(given.get("type") or "MFT").upper()
    if kind not in ("MFT", "INV", "DIR"):
        raise _wrong(f"{where}: type", "MFT, INV or DIR")
    label = "" if given.get("label") is None else _cell(given["label"], f"{where}: label")
    expectation = str(given.get("expectation") or "")
    if kind == "MFT" and not label:
        raise _wrong(f"{where}: label", "given: an MFT compares the prediction with it")
    if (kind == "DIR") != (expectation in _EXPECTATIONS):
        raise _wrong(f"{where}: expectation", "not_lower or not_higher for DIR, and nothing for the others")
    templates = tuple(_template(one, kind, where) for one in _items(given.get("templates") or (), where))
    if not templates:
        raise _wrong(f"{where}: templates", "a list with at least one template")
    return Test(functionality, kind, label, expectation, templates)


def _template(given: object, kind: str, where: str) -> tuple[str, tuple[str, ...]]:
    if isinstance(given, str) and kind == "MFT":
        return _text(given, f"{where}: templates"), ()
    if isinstance(given, Mapping) and kind != "MFT":
        _only_keys(given, ("text", "changed"), where)
        changed = _texts(given.get("changed"), f"{where}: changed")
        if changed:
            return _text(given.get("text"), f"{where}: text"), changed
    wanted = "a text" if kind == "MFT" else "a mapping with 'text' and 'changed', a list of changed texts"
    raise _wrong(f"{where}: templates", wanted)


def _only_keys(given: Mapping[Any, Any], known: Sequence[str], where: str) -> None:
    stray = sorted(str(key) for key in given if key not in known)
    if stray:
        raise TemplateRejected("key_unknown", f"{where} has no key {stray[0][:60]!r}; known: {', '.join(known)}")


def _wrong(where: str, wanted: str) -> TemplateRejected:
    return TemplateRejected("value_wrong", f"{where} must be {wanted}")


def _mapping(given: object, where: str) -> list[tuple[Any, Any]]:
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise _wrong(where, "a mapping")
    return list(given.items())


def _items(given: object, where: str) -> Sequence[Any]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise _wrong(where, "a list")
    return given


def _texts(given: object, where: str) -> tuple[str, ...]:
    return tuple(_cell(one, where) for one in _items(given, where))


def _cell(given: object, where: str) -> str:
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise _wrong(where, "texts; put no and yes in quotes")
    return str(given)


def _text(given: object, where: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise _wrong(where, "a text")
    return given
