"""Parts of a bias document as tables of a terminal: a title, the heads of columns, the lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Printed = tuple[str, Sequence[str], list[Sequence[str]]]
Document = Mapping[str, Any]


def plain(text: str, longest: int = 40) -> str:
    """A name for a terminal: short, and what does not print becomes a space."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


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


def parts_of(document: Document) -> Iterator[Printed]:
    """The parts that a document has beyond rates and comparisons."""
    for part in document.get("four_fifths", ()):
        if part["groups"] and part["highest"]:
            yield _four_fifths(part)
    if "inequality" in document:
        yield _inequality(document["inequality"])
    if "calibration" in document:
        yield from _calibration(document["calibration"])


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
                f"{row['z']:.1f}",
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
