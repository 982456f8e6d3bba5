"""The document of the operator's own metrics as a page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from governance.evidence.metric_words import slice_name
from governance.web.templatetags import figures

Document = Mapping[str, Any]


def shown(document: Document) -> dict[str, Any]:
    """Context of ``evidence/partials/metrics.html``."""
    why = {
        "suppressed": _("hidden, too few rows"),
        "too_small": _("too few rows"),
        "metric_failed": _("the metric fails on these rows"),
        "not_a_number": _("not measured"),
        "no_interval": "",
    }
    return {
        "rows": [
            {**row, "label": slice_name(row["slice"]), "said": why.get(row.get("why", ""), "")}
            for row in document["metrics"]
        ],
        "gaps": [
            _("%(metric)s by %(attribute)s: at most %(gap)s between two groups (%(lowest)s, %(highest)s).")
            % {**gap, "gap": figures.ratio(gap["value"])}
            for gap in document["gaps"]
        ],
        "note": _(
            "Computed by code of whoever runs this installation, with 95 %% intervals from %(n)s draws of the rows. No"
            " limit is set and no verdict given."
        )
        % {"n": figures.number(document["replicates"])},
    }
