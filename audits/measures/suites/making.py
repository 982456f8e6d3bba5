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

from audits.measures.naming import listed, quoted
from audits.measures.templates import (
    TemplateRejected,
    cell,
    combinations,
    filled,
    items,
    only_keys,
    require_bounded,
    slots_from,
    slots_of,
    text_of,
    wrong,
)

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
        raise wrong("the file", "a mapping with 'tests'")
    only_keys(document, _KEYS, "the file")
    values = slots_from(_or_nothing(document, "slots", {}), "slots")
    values |= {name: tuple(given) for name, given in (slots or {}).items()}
    together = _together(_or_nothing(document, "together", []), values)
    tests = tuple(
        _test(one, number) for number, one in enumerate(items(_or_nothing(document, "tests", []), "tests"), 1)
    )
    if not tests:
        raise TemplateRejected("tests_missing", "the file has no tests; list at least one under 'tests'")
    target = document.get("target")
    if target is not None and (not isinstance(target, str) or target not in values):
        raise TemplateRejected(
            "slot_not_filled", f"the target slot {quoted(target)} has no values; give it some under slots"
        )
    return SuiteTemplates(text_of(_or_nothing(document, "language", "en"), "language"), values, together, target, tests)


def _or_nothing(document: Mapping[Any, Any], key: str, otherwise: object) -> object:
    """A value of the file, or what holds where there is none."""
    given = document.get(key)
    return otherwise if given is None else given


def _together(given: object, values: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    groups = tuple(
        tuple(text_of(name, "together") for name in items(group, "together: each group"))
        for group in items(given, "together")
    )
    named = [name for group in groups for name in group]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise TemplateRejected(
            "slot_in_two_groups", f"together names {listed(twice)} twice; a slot goes with one group"
        )
    if unknown := [name for name in named if name not in values]:
        raise TemplateRejected(
            "slot_not_filled", f"the slot {quoted(unknown[0])} has no values; give it some under slots"
        )
    return groups


def cases_of(suite: SuiteTemplates) -> Iterator[tuple[str, ...]]:
    """The rows of the suite's table, in the order of ``HEAD``, every case with an id of its own.

    Raises:
        TemplateRejected: a slot has no values, or the cases are more than anybody can have answered.
    """
    require_bounded(
        [((base, *changed), 0) for test in suite.tests for base, changed in test.templates],
        suite.slots,
        suite.together,
        what="cases",
    )
    number = 0
    template_number = 0
    for test in suite.tests:
        for first, changed in test.templates:
            template_number += 1
            names = list(dict.fromkeys(name for one in (first, *changed) for name in slots_of(one)))
            for values in combinations(names, suite.slots, suite.together):
                number += 1
                base = str(number)
                target = _target(suite, values)
                # the case that the others are compared with is no test of its own unless it has a label
                rows = [(first, "MFT" if test.label else "", "", "")]
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
    group = next((group for group in suite.together if suite.target in group), ())
    beside = [name for name in group if name in values]
    for at, target in enumerate(suite.slots[suite.target] if beside else ()):
        if all(suite.slots[name][at] == values[name] for name in beside):
            return target
    return ""


def _test(given: object, number: int) -> Test:
    where = f"test {number}"
    if not isinstance(given, Mapping):
        raise wrong(where, "a mapping with 'functionality', 'type' and 'templates'")
    only_keys(given, _TEST_KEYS, where)
    functionality = text_of(given.get("functionality"), f"{where}: functionality")
    kind = text_of(_or_nothing(given, "type", "MFT"), f"{where}: type").upper()
    if kind not in ("MFT", "INV", "DIR"):
        raise wrong(f"{where}: type", "MFT, INV or DIR")
    label = "" if given.get("label") is None else cell(given["label"], f"{where}: label")
    expectation = cell(_or_nothing(given, "expectation", ""), f"{where}: expectation")
    if kind == "MFT" and not label:
        raise wrong(f"{where}: label", "given: an MFT compares the prediction with it")
    if (kind == "DIR") != (expectation in _EXPECTATIONS):
        raise wrong(f"{where}: expectation", "not_lower or not_higher for DIR, and nothing for the others")
    templates = tuple(
        _template(one, kind, where) for one in items(_or_nothing(given, "templates", []), f"{where}: templates")
    )
    if not templates:
        raise wrong(f"{where}: templates", "a list with at least one template")
    return Test(functionality, kind, label, expectation, templates)


def _template(given: object, kind: str, where: str) -> tuple[str, tuple[str, ...]]:
    if isinstance(given, str) and kind == "MFT":
        return text_of(given, f"{where}: templates"), ()
    if isinstance(given, Mapping) and kind != "MFT":
        only_keys(given, ("text", "changed"), where)
        changed = tuple(text_of(one, f"{where}: changed") for one in items(given.get("changed"), f"{where}: changed"))
        if changed:
            return text_of(given.get("text"), f"{where}: text"), changed
    wanted = "a text" if kind == "MFT" else "a mapping with 'text' and 'changed', a list of changed texts"
    raise wrong(f"{where}: templates", wanted)
