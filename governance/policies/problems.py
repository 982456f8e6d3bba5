"""What can be wrong with a policy file, in words that say how to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_SHOWN = 50

MESSAGES: Mapping[str, str] = {
    # the file
    "too_large": "the file has more than {max_bytes} bytes; split it into several policies, which apply together",
    "not_utf8": "the byte {byte} is not UTF-8; save the file as UTF-8",
    "forbidden_character": "the character {character} may not stand in a policy; remove it",
    "not_yaml": "this is not YAML: {problem}",
    "empty_file": "the file is empty; a policy begins with `apiVersion: assay/v1`",
    "second_document": "a second document begins here; put each policy into a file of its own",
    "anchor": "anchors (&) and aliases (*) are not used in policies; write the value out",
    "tag": "the tag !{tag} is refused; a policy holds plain words, numbers, lists and mappings",
    "too_deep": "more than {max_depth} levels of nesting; no policy needs that",
    "too_many_values": "more than {max_values} values; split the file into several policies, which apply together",
    # shapes
    "not_a_mapping": "{what} has to be a mapping (key: value), not {found}",
    "not_a_list": "{what} has to be a list ([a, b]), not {found}",
    "not_text": "{what} has to be text, not {found}; put it in quotes if text is meant",
    "key_not_text": "a key has to be text, not {found}; put it in quotes or correct it",
    "not_a_number": "{what} has to be a whole number in plain decimal, not {found}",
    "not_true_or_false": "{what} has to be written true or false, not {found}",
    "number_out_of_range": "{what} is {value}, but has to be from {low} to {high}",
    "empty_list": "{what} is an empty list; name at least one",
    "too_long": "{what} has {length} {unit}, at most {longest} are possible",
    # keys
    "duplicate_key": "the key {key} stands here again (first in line {first_line}); keep one of them",
    "unknown_key": "the key {key} is not known here; known are {known}",
    "not_supported_yet": "{key} is not supported yet; remove it, or the policy would promise what nobody checks",
    "missing_key": "{what} lacks {key}",
    # words
    "not_allowed": "{value} is not possible for {what}; possible are {possible}",
    "repeated": "{value} is named twice in {what}",
    "bad_name": "{value} cannot be {what}; use a to z, 0 to 9 and single {separators} between them",
    "unknown_kind": "no audit called {value} is registered, so this policy cannot be published; registered are {known}",
    "unknown_verdict": "an audit of kind {kind} never answers {value}; its verdicts are {known}",
    "duplicate_requirement": "the requirement id {value} is taken (line {first_line}); give each its own",
    "duplicate_lane": "the lane {value} has votes already (line {first_line}); name each lane once",
    "waivable_true": "waivable is written false, or with its limits: {{maxDays: 30, by: [risk_officer]}}",
    "one_waiver": "by names one role; whoever holds it may waive the requirement, others may not",
    # conditions
    "expression_invalid": "the condition cannot be read at {at}: {problem}",
    "expression_too_long": "the condition has {length} characters, at most {longest} are possible; split it",
    "expression_not_boolean": "the condition gives {found} where it has to give true or false",
    "expression_comment": "comments stand outside of conditions, after # at the end of a line",
    "expression_name": "{name} may not stand in a condition (at {at})",
    "expression_map": "map is not possible in a condition (at {at}); ask with exists, all or filter",
    "expression_joins": "a plus adds numbers only (at {at}): texts and lists are not joined in conditions; write"
    " double(…) around what is a number",
    "expression_nested": "more than {deepest} of all, exists and filter stand inside each other (at {at})",
    "expression_age": "age_days has to be compared with a plain number (at {at}), as in a.age_days <= 30.0; so the"
    " moment is known at which it stops to hold",
    "expression_asked_at": 'asked_at has to stand as timestamp(asked_at) < timestamp("2027-01-01T00:00:00Z") (at {at});'
    " so the moment is known at which the answer changes",
    "expression_timed": "{name} changes by time alone; whether something is asked for may not depend on it, put it into"
    " satisfiedIf",
    "bad_reference": "{value} is no paragraph of a framework; write it as in NIST.MEASURE-2.11",
    "not_a_date": "{value} is neither a day (2026-12-01) nor a moment with its time zone (2026-12-01T09:00:00Z)",
    # tests
    "duplicate_test": "the test {value} stands here again (first in line {first_line}); give each its own name",
    "empty_test": "a test that expects nothing cannot fail; name a requirement and how it comes out",
    "not_a_fact": "{value} is no number that facts can have; a figure that was not measured is left out",
    "test_failed": "the test {test} expects {what} to be {expected}, but it came out as {found}{why}",
    "version_taken": "metadata.version is {value}, but the next version of this policy is {next}; correct or remove it",
    # rules across keys
    "auto_decide_with_votes": "autoDecide and votes exclude each other: either people decide or nobody is asked",
    "auto_decide_too_high": "autoDecide is possible for the stage prototype or the tier minimal only, not for {pairs}",
    "distinct_too_many": "distinctVoters is {value}, but the votes ask for {votes} in all; lower it or ask for more",
    "too_many_problems": "there are more problems; mend these first",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a code and its parameters for programs, a message for people, and the place.

    ``path`` names the value, as in ``requirements[0].kind``; it is empty for the file as a whole.
    """

    code: str
    line: int
    column: int
    path: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The problem in English."""
        return MESSAGES[self.code].format(**self.params)

    def as_json(self) -> dict[str, Any]:
        """The problem as JSON-ready data."""
        return {
            "code": self.code,
            "message": self.message,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "params": dict(self.params),
        }

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class PolicyInvalid(ValueError):
    """The file is not a policy that can be published; ``problems`` lists all that was found, in its order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column, problem.code)))
        super().__init__("; ".join(map(str, self.problems)))
