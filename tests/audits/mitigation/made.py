"""Tables with features and a gap to narrow."""

from __future__ import annotations

import numpy as np

from tests.audits.measures.made import csv_of

HEADER = "label,prediction,group,skill,place,score"
PLAN = {
    "label": "label",
    "prediction": "prediction",
    "sensitive": ["group"],
    "gating": ["demographic_parity_ratio"],
    "features": ["skill", "place"],
    "bootstrap": 0,
}


def unfair(n: int = 1_600, *, seed: int = 0) -> bytes:
    """Skill decides the label; place follows the group, and the table's decisions follow place too much."""
    random = np.random.default_rng(seed)
    group = random.random(n) < 0.5
    skill = random.normal(size=n)
    label = skill + 0.3 * random.normal(size=n) > 0
    place = np.where(random.random(n) < 0.9, group, ~group)
    score = 1 / (1 + np.exp(-(1.5 * skill - 2.0 * place)))
    return csv_of(
        [
            f"{int(y)},{int(s > 0.5)},{'ab'[int(g)]},{x:.4f},{'ns'[int(where)]},{s:.5f}"
            for y, s, g, x, where in zip(label, score, group, skill, place, strict=True)
        ],
        HEADER,
    )
