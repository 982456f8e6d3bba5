"""What counts as drift. The numbers are choices; each says whose.

Significance alone is no answer: with enough rows every difference is significant. Size alone is none either: with few
rows noise is large. So a column has drifted when its effect reaches the threshold *and* q is small.
"""

from __future__ import annotations

ALPHA = 0.05
# With fewer rows in either sample nothing is said.
MIN_ROWS = 30
MISSING_CHANGE = "missing_share_change"
TOLD_APART = "domain_classifier_auc"
RECONSTRUCTED = "reconstruction_error_auc"
PERFORMANCE = "performance_drop"
ESTIMATED = "estimated_performance_drop"
SELECTION = "selection_rate_change"
GAP = "fairness_gap_rise"

THRESHOLDS = {
    # a move of the average row by a tenth of the reference's standard deviation
    "wasserstein_1_over_std": 0.1,
    "js_distance": 0.1,
    # five of a hundred rows more, or less, without a value
    MISSING_CHANGE: 0.05,
    # of a row of each sample the right one is picked six times in ten, as where one number moved by 0.36 of its
    # standard deviation
    TOLD_APART: 0.6,
    RECONSTRUCTED: 0.6,
    # five of a hundred rows more decided wrongly, found or not found, selected or not
    PERFORMANCE: 0.05,
    ESTIMATED: 0.05,
    SELECTION: 0.05,
    GAP: 0.05,
}
SOURCES = {
    "wasserstein_1_over_std": "default: 0.1, also the default of Evidently for this measure",
    "js_distance": "default: 0.1, also the default of Evidently and NannyML for this measure",
    MISSING_CHANGE: "default: 0.05, chosen here",
    TOLD_APART: "default: 0.6, chosen here",
    RECONSTRUCTED: "default: 0.6, chosen here",
    PERFORMANCE: "default: 0.05, chosen here",
    ESTIMATED: "default: 0.05, chosen here",
    SELECTION: "default: 0.05, chosen here",
    GAP: "default: 0.05, chosen here",
}
# Scores further than this from how often they come true are no chances: the limit of the bias audit too.
CALIBRATION = 0.05
