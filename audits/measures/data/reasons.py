"""What a data audit can find: codes with parameters, worded when shown. Imports nothing.

``CODES`` is the whole list: code -> (severity, names of the parameters that it always carries). A finding of severity
high makes the audit fail, medium makes it warn, the others are for information. What was asked for and could not be
looked at is never a pass: ``UNJUDGED`` says what such a finding amounts to instead.
"""

from __future__ import annotations

CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    # rows that occur more than once
    "data.duplicates": ("medium", ("rows", "of", "groups", "expected")),
    "data.duplicates_few": ("low", ("rows", "of", "groups", "expected")),
    "data.near_duplicates": ("medium", ("rows", "of", "groups", "jaccard")),
    "data.near_duplicates_not_searched": ("medium", ("why", "limit")),
    # what one split knows of another
    "data.split_leak": ("high", ("split", "other", "rows", "of", "low", "high")),
    # as equal as a few small categories make different people
    "data.split_leak_by_chance": ("low", ("split", "other", "rows", "of", "low", "high")),
    "data.split_leak_near": ("high", ("split", "other", "rows", "of", "low", "high", "jaccard")),
    "data.split_leak_group": ("high", ("column", "split", "other", "rows", "of", "groups")),
    # a run of words is no proof: both may quote a third
    "data.split_leak_words": ("medium", ("split", "other", "rows", "of", "low", "high", "words")),
    # rows that are trained on and happened after what is tested
    "data.split_leak_time": (
        "high",
        ("column", "split", "other", "rows", "of", "first", "last", "other_rows", "other_of"),
    ),
    "data.time_not_measured": ("medium", ("column", "why")),
    "data.time_unknown": ("low", ("column", "rows", "of")),
    "data.split_tiny": ("medium", ("split", "rows")),
    "data.split_not_splits": ("medium", ("column", "values", "limit")),
    "data.group_says_nothing": ("medium", ("column", "values")),
    # labels
    "data.conflicting_labels": ("medium", ("rows", "of", "groups")),
    "data.label_errors": ("medium", ("rows", "of", "low", "high")),
    "data.label_errors_not_measured": ("medium", ("why",)),
    "data.label_says_nothing": ("medium", ("column", "values")),
    "data.label_is_id": ("medium", ("column", "values", "of")),
    "data.label_many_classes": ("medium", ("column", "values", "limit")),
    "data.label_is_number": ("info", ("column", "value")),
    "data.class_imbalance": ("medium", ("column", "value", "rows", "of", "share", "largest")),
    "data.class_tiny": ("medium", ("column", "value", "rows", "min_rows")),
    "data.label_missing": ("medium", ("column", "rows", "of")),
    "data.target_leak": ("high", ("column", "value", "auc", "low", "n")),
    # people who labelled the same rows
    "data.agreement_low": ("medium", ("alpha", "low", "high", "units", "limit")),
    "data.agreement_unsure": ("medium", ("alpha", "low", "high", "units", "limit")),
    "data.agreement_tentative": ("low", ("alpha", "low", "high", "units", "limit")),
    "data.agreement_not_measured": ("medium", ("why",)),
    # columns
    "data.constant": ("low", ("column",)),
    "data.empty": ("medium", ("column",)),
    "data.id_like": ("info", ("column",)),
    "data.high_cardinality": ("low", ("column", "values", "of")),
    "data.missing": ("low", ("column", "rows", "of", "share")),
    # groups
    "data.missing_by_group": (
        "medium",
        ("column", "attribute", "group", "share", "low", "high", "n", "other", "other_share", "q"),
    ),
    "data.group_tiny": ("medium", ("attribute", "groups", "rows", "min_rows")),
    "data.group_unknown": ("low", ("attribute", "rows", "of")),
    "data.groups_too_few": ("medium", ("attribute", "groups")),
    "data.population_not_met": ("medium", ("attribute", "rows", "of")),
    "data.represented_otherwise": (
        "medium",
        ("attribute", "group", "share", "low", "high", "n", "population_share", "q"),
    ),
    # persons
    "data.personal": ("high", ("column", "what", "rows", "of")),
    "data.personal_possible": ("medium", ("column", "what", "rows", "of")),
    # text
    "data.mojibake": ("medium", ("column", "rows", "of")),
    "data.replacement_characters": ("medium", ("column", "rows", "of")),
    "data.control_characters": ("low", ("column", "rows", "of")),
    "data.formulas": ("low", ("column", "rows", "of")),
    "data.mixed_scripts": ("low", ("column", "rows", "of")),
    "data.lexicon_terms": ("medium", ("column", "rows", "of", "low", "high", "terms", "lexicon")),
    "data.lexicon_not_searched": ("medium", ("lexicon",)),
    "data.minor_language": ("info", ("column", "language", "rows", "of", "main")),
    "data.language_undetermined": ("low", ("column", "rows", "of")),
    "data.minor_script": ("info", ("column", "script", "rows", "of", "main")),
    "data.length_outliers": ("low", ("column", "rows", "of", "low_limit", "high_limit")),
    # numbers that no audit reads as numbers
    "data.decimal_comma": ("medium", ("column", "rows", "of")),
    # pictures
    "data.near_pictures": ("medium", ("column", "rows", "of", "groups", "distance")),
    "data.split_leak_pictures": ("high", ("split", "other", "rows", "of", "low", "high", "distance")),
    "data.pictures_unreadable": ("medium", ("column", "rows", "of")),
    "data.pictures_plain": ("info", ("column", "rows", "of")),
    "data.pictures_too_few": ("medium", ("column", "of")),
    "data.pictures_too_many": ("medium", ("column", "why", "limit")),
    # where it comes from
    "data.croissant_unreadable": ("medium", ()),
    "data.provenance_missing": ("medium", ("fields", "lacking", "of")),
    "data.provenance_not_read": ("medium", ()),
    # the whole
    "data.too_few_rows": ("medium", ("rows", "min_rows")),
    "data.nothing_to_say": ("medium", ()),
    "data.nothing_compared": ("medium", ("columns", "set_aside")),
}

NO_INFORMATION = (
    "data.nothing_to_say",
    "data.nothing_compared",
    "data.label_says_nothing",
    "data.label_is_id",
    "data.groups_too_few",
    "data.group_says_nothing",
)
INSUFFICIENT = (
    "data.too_few_rows",
    "data.label_many_classes",
    "data.label_errors_not_measured",
    "data.near_duplicates_not_searched",
    "data.split_not_splits",
    "data.population_not_met",
    "data.time_not_measured",
    "data.agreement_not_measured",
    "data.lexicon_not_searched",
    "data.pictures_too_few",
    "data.pictures_too_many",
)
UNJUDGED = dict.fromkeys(NO_INFORMATION, "no_information") | dict.fromkeys(INSUFFICIENT, "insufficient_data")
VERDICTS = {"critical": "fail", "high": "fail", "medium": "warn", "low": "pass", "info": "pass"}
