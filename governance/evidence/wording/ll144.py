"""The reasons of an audit under Local Law 144 in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

SENTENCES = {
    "ll144.no_information": (
        _("Every rate of the table %(table)s (%(outcome)s) is %(rate)s, so its impact ratios say nothing."),
        _("Check that the column holds the tool's outcomes, and that it is the right one."),
    ),
    "ll144.too_few_categories": (
        _("The table %(table)s (%(outcome)s) has %(categories)s categories to compare; two are needed."),
        _("Bring data with people of more categories, or leave fewer categories out."),
    ),
    "ll144.too_few_people": (
        _(
            "The table %(table)s (%(outcome)s) has %(categories)s categories of at least %(least)s people; with fewer"
            " than two of them its rates and ratios are mostly luck. The rule names no such number."
        ),
        _("Bring data on more people. The tables are calculated and printed all the same."),
    ),
    "ll144.unknown_outcomes": (
        _("%(rows)s of %(of)s people have no outcome that could be read (%(values)s); they are in no figure."),
        _("Fill in the outcomes, or name the values that mean selected and not selected."),
    ),
    "ll144.record_incomplete": (
        _("The summary of results does not say yet: %(fields)s."),
        _("State them in the audit plan; 6 RCNY 5-302 and 5-303 ask for them in what is published."),
    ),
    "ll144.small_comparator": (
        _(
            "In the table %(table)s (%(outcome)s) all ratios rest on %(category)s, which has the highest rate and"
            " %(n)s people only."
        ),
        _("Read the ratios with their intervals; more data would steady them."),
    ),
    "ll144.excluded_has_highest_rate": (
        _(
            "In the table %(table)s (%(outcome)s) the left-out category %(category)s has the rate %(rate)s, above that"
            " of %(comparator)s (%(comparator_rate)s), to which the others are compared."
        ),
        _("A category that is left out does not set the highest rate here; some published audits do it otherwise."),
    ),
    "ll144.below_four_fifths": (
        _(
            "In the table %(table)s (%(outcome)s) the impact ratio of %(categories)s is below 0.80, the lowest"
            " %(lowest)s."
        ),
        _(
            "Local Law 144 sets no limit. The EEOC's guidelines (29 CFR 1607.4(D)) look closer below four fifths;"
            " whoever uses the tool decides what follows."
        ),
    ),
}


def in_words(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with the names of tables, outcomes and statements as the reader calls them."""
    tables = {
        "sex": pgettext("table of categories", "sex"),
        "race": pgettext("table of categories", "race or ethnicity"),
        "intersection": pgettext("table of categories", "sex and race or ethnicity"),
    }
    outcomes = {
        "selected": pgettext("outcome", "selected"),
        "scored_above_median": pgettext("outcome", "scored above the median"),
    }
    statements = {
        "tool": _("name of the tool"),
        "data_source": _("source of the data"),
        "audit_date": _("date of the audit"),
        "distribution_date": _("distribution date"),
        "auditor": _("auditor"),
        "independence": _("statement of independence"),
    }
    made = dict(params)
    for name, words in (("table", tables), ("outcome", outcomes)):
        if isinstance(made.get(name), str):
            made[name] = words.get(made[name], made[name])
    if isinstance(made.get("fields"), list):
        made["fields"] = [str(statements.get(one, one)) for one in made["fields"]]
    return made
