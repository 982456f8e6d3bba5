"""Parts of a bias document as tables of a terminal: a title, the heads of columns, the lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from config.printing import plain

Printed = tuple[str, Sequence[str], list[Sequence[str]]]
Document = Mapping[str, Any]


def named(slice_: Mapping[str, str]) -> str:
    """A group as column=value."""
    return ", ".join(f"{plain(name)}={plain(value)}" for name, value in slice_.items()) or "everybody"


def estimated(found: Mapping[str, Any] | None, digits: int = 3) -> str:
    """A figure with its interval."""
    if not found or found.get("value") is None:
        return "not measured"
    if found.get("ci_low") is None or found.get("ci_high") is None:
        return f"{found['value']:.{digits}f}"
    return f"{found['value']:.{digits}f} [{found['ci_low']:.{digits}f}, {found['ci_high']:.{digits}f}]"


def sentence_of(document: Document) -> str:
    """What the verdict says, where it is not what it says of decisions."""
    if any(reason["code"] == "bias.no_threshold" for reason in document["reasons"]):
        return "No information: the plan sets no limit, so the figures are shown and nothing is judged."
    return ""


def parts_of(document: Document) -> Iterator[Printed]:
    """The parts that a document has beyond rates and comparisons of decisions."""
    if document["plan"]["task"] != "binary":
        yield _by_group(document)
    if "ranking" in document:
        yield _ranking(document["ranking"])
    for part in document.get("four_fifths", ()):
        if part["groups"] and part["highest"]:
            yield _four_fifths(part)
    if "inequality" in document:
        yield _inequality(document["inequality"])
    if "calibration" in document:
        yield from _calibration(document["calibration"])


def _by_group(document: Document) -> Printed:
    """Every figure of everybody and of groups, of classes only how often each is found."""
    rows = [
        row
        for row in document["metrics"]
        if len(row["slice"]) < 2 and ("class" not in row or row["metric"] == "true_positive_rate")
    ]
    names = list(dict.fromkeys(_heading(row) for row in rows))
    found = {(tuple(row["slice"].items()), _heading(row)): row for row in rows}
    lines: list[Sequence[str]] = []
    for slice_ in dict.fromkeys(tuple(row["slice"].items()) for row in rows):
        n = next((row["n"] for row in rows if tuple(row["slice"].items()) == slice_), None)
        cells = [estimated(found.get((slice_, name))) for name in names]
        lines.append((named(dict(slice_)), "hidden" if n is None else f"{n:,}", *cells))
    return f"By group, task {document['plan']['task']}", ("group", "n", *names), lines


def _heading(row: Document) -> str:
    return f"{plain(row['class'], 20)} found" if "class" in row else str(row["metric"])


def _ranking(parts: Sequence[Document]) -> Printed:
    lines: list[Sequence[str]] = []
    for part in parts:
        if "why" in part:
            continue
        tops = [one for one in part["top_k"] if one["impact_ratio"] is not None]
        lowest = min(tops, key=lambda one: one["impact_ratio"]) if tops else None
        lines.append(
            (
                plain(part["attribute"]),
                f"{part['groups']}",
                f"{part['ndkl']:.4f}",
                f"{part['infeasible_index']['value']:,}",
                "not measured" if lowest is None else f"{lowest['impact_ratio']:.3f} at the first {lowest['k']:,}",
            )
        )
    return "Who is at the top", ("by", "groups", "NDKL", "infeasible index", "lowest impact ratio"), lines


def _four_fifths(part: Document) -> Printed:
    lines: list[Sequence[str]] = []
    for row in part["groups"]:
        if row["n"] is None:
            lines.append((named(row["slice"]), "hidden", "", "", "", ""))
            continue
        p = row["fisher_p"]
        lines.append(
            (
                named(row["slice"]) + (" (too small)" if row["state"] == "too_small" else ""),
                f"{row['k']:,} of {row['n']:,}",
                f"{row['impact_ratio']:.3f}" + (", below" if row["below_four_fifths"] else ""),
                "not measured" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}",
                "not measured" if row["z"] is None else f"{row['z']:.1f}",
                _flips(row),
            )
        )
    title = (
        f"Four fifths of {named(part['highest'])}: a rule of thumb for a closer look ({part['rule']}), no legal verdict"
    )
    return title, ("group", "selected", "impact ratio", "Fisher p", "z", "decisions that turn it around"), lines


def _flips(row: Document) -> str:
    needed = row["flips"]["group"]
    if needed is None:
        return "no number"
    return f"{abs(needed):,} {'more' if needed > 0 else 'fewer'} selected"


def _inequality(part: Document) -> Printed:
    lines: list[Sequence[str]] = []
    for row in part["attributes"]:
        found = row.get("differential_fairness")
        if found is None:
            continue
        share = row["between_groups_share"]
        limits = {"value": found["epsilon"], "ci_low": found["ci_low"], "ci_high": found["ci_high"]}
        lines.append(
            (
                ", ".join(plain(name) for name in row["attributes"]),
                f"{row['groups']}",
                "not measured" if share is None else f"{share:.1%}",
                estimated(limits, 2),
                f"{found['decision']}: {named(found['slice'])} against {named(found['comparator'])}",
            )
        )
    index = estimated(part["generalized_entropy_index"])
    title = (
        f"Inequality of {part['benefit']}: generalized entropy index {index}, Theil {estimated(part['theil_index'])}"
    )
    return title, ("by", "groups", "between groups", "epsilon", "of which decision, which pair"), lines


def _calibration(part: Document) -> Iterator[Printed]:
    of_probabilities = part["scale"] == "probability"
    lines: list[Sequence[str]] = []
    for group in part["groups"]:
        n = group["n"]
        if n is None:
            lines.append((named(group["slice"]), "hidden"))
            continue
        line = [named(group["slice"]), f"{n:,}", estimated(group["roc_auc_score"])]
        if of_probabilities:
            line += [
                estimated(group["calibration_in_the_large"]),
                _error(group["expected_calibration_error"]),
                estimated(group["slope"], 2),
                estimated(group["brier_score_loss"]),
            ]
        lines.append(line)
    head = ["group", "n", "area under ROC"]
    if of_probabilities:
        head += ["mean score less rate", "calibration error", "slope", "Brier score"]
        title = f"Is the score {plain(part['score'])} as good as it says? Per group, {part['bins']} bins of equal mass"
    else:
        title = f"How well does the score {plain(part['score'])} rank? It is no probability, so only its order counts"
    yield title, head, [(*line, *[""] * (len(head) - len(line))) for line in lines]


def _error(found: Document) -> str:
    if found.get("by_luck") is None:
        return f"{found['value']:.3f}"
    return f"{estimated(found)}, by luck {found['by_luck']:.3f}"
