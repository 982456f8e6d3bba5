"""Proposals for narrowing a gap, tried out on the rows of an audit. Needs scikit-learn and fairlearn: workers only."""
