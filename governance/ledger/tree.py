"""A Merkle tree that only grows, as RFC 6962 and RFC 9162 have it. Plain Python.

A tree of n leaves is kept by its frontier: the roots of the full subtrees that n is the sum of, the largest first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 of 0x00 and the entry (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(frontier: Sequence[bytes], size: int, leaves: Iterable[bytes]) -> tuple[list[bytes], int]:
    """The frontier and size after leaf hashes are appended.

    Args:
        frontier: of the tree of ``size`` leaves.
    """
    found = list(frontier)
    for leaf in leaves:
        node, rest = leaf, size
        while rest & 1:
            node = node_hash(found.pop(), node)
            rest >>= 1
        found.append(node)
        size += 1
    return found, size


def root(frontier: Sequence[bytes]) -> bytes:
    """The root of the tree with this frontier."""
    if not frontier:
        return EMPTY_ROOT
    node = frontier[-1]
    for left in reversed(frontier[:-1]):
        node = node_hash(left, node)
    return node
