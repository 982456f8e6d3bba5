"""Why an audit under Local Law 144 says what it says: codes with parameters, worded when shown. Imports nothing.

``CODES`` is the whole list: code -> (severity, names of the parameters that it always carries).
"""

from __future__ import annotations

CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    # every rate of a table is 0, or every rate is 1
    "ll144.no_information": ("high", ("table", "outcome", "rate", "n")),
    # a table has fewer than two categories to compare
    "ll144.too_few_categories": ("medium", ("table", "outcome", "categories")),
    # a table by sex or by race has fewer than two categories of people enough to tell a rate
    "ll144.too_few_people": ("medium", ("table", "outcome", "categories", "least")),
    # rows whose outcome is blank or not understood
    "ll144.unknown_outcomes": ("low", ("rows", "of", "values")),
    # the summary cannot be published as it stands
    "ll144.record_incomplete": ("low", ("fields",)),
    # for information
    "ll144.small_comparator": ("info", ("table", "outcome", "category", "n")),
    "ll144.excluded_has_highest_rate": (
        "info",
        ("table", "outcome", "category", "rate", "comparator", "comparator_rate"),
    ),
    "ll144.below_four_fifths": ("info", ("table", "outcome", "categories", "lowest")),
}
