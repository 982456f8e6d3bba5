"""Charts, drawings and the hallmark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from governance.web.templatetags import charts, curves, drawings, figures, heat, severity
from governance.web.templatetags.words import plain

library = template.Library()

HALLMARK_STAGES = {"prototype": "PROT", "pilot": "PIL", "production": "PROD"}


@library.inclusion_tag("components/interval_chart.html")
def interval_chart(
    rows: Iterable[object],
    title: object = "",
    sub: object = "",
    kind: str = "rate",
    floor: object = None,
    ceiling: object = None,
    reference: object = None,
    top: object = None,
    min_group: int = charts.MIN_GROUP,
    hide_below: int = charts.HIDE_BELOW,
    group_label: object = "",
    value_label: object = "",
    plain: bool = False,
) -> dict[str, Any]:
    """Estimates with intervals, one row per group; see ``components/interval_chart.html``."""
    chart = charts.interval_chart(
        rows or (),
        kind=kind,
        floor=floor,
        ceiling=ceiling,
        reference=reference,
        top=top,
        min_group=min_group,
        hide_below=hide_below,
    )
    labels = {"group_label": group_label, "value_label": value_label}
    return {"chart": chart, "title": title, "sub": sub, "plain": plain, **labels}


@library.inclusion_tag("components/calibration_chart.html")
def calibration_chart(
    groups: Iterable[object], title: object = "", min_group: int = charts.MIN_GROUP, plain: bool = False
) -> dict[str, Any]:
    """Calibration curves, one panel for each group; see ``components/calibration_chart.html``."""
    listed = list(groups or ())
    drawn = curves.panels(listed, min_group=min_group)
    left_out = len(listed) - len(drawn)
    half = figures.number(0.5, places=1)
    return {"panels": drawn, "title": title, "left_out": left_out, "half": half, "plain": plain}


@library.inclusion_tag("components/severity_curves.html")
def severity_curves(
    rows: Iterable[object],
    title: object = "",
    limit: float | None = None,
    top: float = 1.0,
    row_label: object = "",
    plain: bool = False,
) -> dict[str, Any]:
    """How a share changes with severity, one panel for each row; see ``components/severity_curves.html``."""
    return {
        "curves": severity.curves(rows or (), limit=limit, top=top),
        "title": title,
        "limit": limit,
        "top_shown": figures.share(top, places=0),
        "half_shown": figures.share(top / 2, places=0 if top >= 0.2 else 1),
        "row_label": row_label or gettext("Group"),
        "plain": plain,
    }


@library.inclusion_tag("components/heat.html")
def heat_table(table: Any, min_group: int = charts.MIN_GROUP, plain: bool = False) -> dict[str, Any]:
    """Where two attributes meet; ``table`` has title, cells, down and across. See ``components/heat.html``."""
    drawn = heat.heat(table.cells, table.down, table.across, min_group=min_group)
    return {"heat": drawn, "title": table.title, "plain": plain}


@library.inclusion_tag("components/gauge.html")
def gauge(
    value: object,
    low: object = None,
    high: object = None,
    n: object = None,
    kind: str = "ratio",
    floor: object = None,
    ceiling: object = None,
    verdict: object = "",
) -> dict[str, Any]:
    """One estimate in the small, for the row of a requirement."""
    drawn = charts.gauge(kind=kind, value=value, low=low, high=high, n=n, floor=floor, ceiling=ceiling, verdict=verdict)
    return {"gauge": drawn}


@library.inclusion_tag("components/lineage.html")
def lineage(nodes: Iterable[object], edges: Iterable[object], name: object = "") -> dict[str, Any]:
    """The drawing and its list; see ``components/lineage.html``."""
    return {"lineage": drawings.lineage(nodes or (), edges or ()), "name": name}


@library.simple_tag
def hallmark(
    *,
    in_force: object,
    stage: str = "",
    policy: object = "",
    number: object = "",
    granted_at: object = None,
    expires_at: object = None,
    by: object = "",
    small: bool = False,
) -> SafeString | str:
    """The four punches. Without ``in_force`` there is none: when the approval ends, the hallmark goes."""
    struck = figures.moment(granted_at)
    if not in_force or struck is None:
        return ""
    year, week, _day = struck.isocalendar()
    initials = "".join(part[0] for part in plain(policy).replace("_", "-").split("-") if part).upper()[:3]
    punches = {
        "struck": struck,
        "stage": stage,
        "stage_punch": HALLMARK_STAGES.get(plain(stage).lower(), plain(stage)[:4].upper()),
        "policy": policy,
        "policy_punch": "·".join(part for part in (initials, plain(number)[:3]) if part) or "–",
        "number": number,
        "date_punch": f"{year % 100:02d}·{week:02d}",
        "year": year,
        "week": week,
        "expires_at": expires_at,
        "by": by,
        "small": small,
    }
    return render_to_string("components/hallmark.html", punches)
