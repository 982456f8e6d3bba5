"""What counts as worth saying in a data audit. The numbers are choices; docs/drift-and-data-audits.md says why."""

from __future__ import annotations

ALPHA = 0.05
# Below this nothing is said of a group, a class or a split.
MIN_ROWS = 30
# Shares of rows.
DUPLICATES = 0.01
MISSING = 0.2
MISSING_GAP = 0.05
MINOR_SCRIPT = 0.3
# A class that is at most a tenth of the largest one.
IMBALANCE = 0.1
# A single feature that tells a class from the others so well is the label by another name.
TARGET_LEAK = 0.98
# Krippendorff 2004, Content Analysis, ch. 11: reliable from .800 on, for tentative conclusions from .667 on.
AGREEMENT, AGREEMENT_TENTATIVE = 0.8, 0.667
# A language of at most so many of the texts whose language is known, and of at least so many of them.
MINOR_LANGUAGE, LEAST_LANGUAGE = 0.3, 0.01
# Equal rows that chance explains to this share are other people, not copies.
BY_CHANCE = 0.5
# Values that a class column may have for target leaks and label errors.
MAX_CLASSES = 100
# Rows that a category needs on average before it can give a label away.
ROWS_PER_VALUE = 20

AS_DOCUMENT = {
    "alpha": ALPHA,
    "min_rows": MIN_ROWS,
    "duplicates": DUPLICATES,
    "missing": MISSING,
    "missing_gap": MISSING_GAP,
    "minor_script": MINOR_SCRIPT,
    "imbalance": IMBALANCE,
    "target_leak_auc": TARGET_LEAK,
    "agreement": AGREEMENT,
    "agreement_tentative": AGREEMENT_TENTATIVE,
    "minor_language": MINOR_LANGUAGE,
    "source": "defaults, chosen here; see docs/drift-and-data-audits.md",
}
