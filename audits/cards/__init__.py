"""Cards: README.md in, metadata, lineage and findings out. Plain Python."""

from audits.cards.parser import MAX_BYTES, parse
from audits.cards.shapes import CardFinding, Link, ParsedCard
from audits.cards.spec import CODES

__all__ = ["CODES", "MAX_BYTES", "CardFinding", "Link", "ParsedCard", "parse"]
