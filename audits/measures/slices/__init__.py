"""Where a model does worst: slices of features and groups, looked for on one half of the rows and tested on the other.

After Pastor, de Alfaro, Baralis 2021 (DivExplorer, SIGMOD, doi:10.1145/3448016.3457284): itemsets of categories and
binned numbers that are frequent enough, by how far a rate within them is from everybody's. What is looked for among
thousands of slices and measured on the same rows is too large (the winner's curse), so the rows that find are not the
rows that measure.
"""

from __future__ import annotations

from audits.measures.slices.search import slices_of

__all__ = ["slices_of"]
