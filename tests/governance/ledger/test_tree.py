"""The tree against published vectors, and against the recursive definition of RFC 6962."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from governance.ledger import tree

# The eight leaves and their root that certificate transparency's own tests use.
LEAVES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOT_OF_EIGHT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, as it is written."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def test_the_root_of_the_published_leaves() -> None:
    frontier, size = tree.grown([], 0, map(tree.leaf_hash, LEAVES))

    assert (tree.root(frontier).hex(), size) == (ROOT_OF_EIGHT, 8)
    assert tree.root([]) == by_definition([])


@given(st.lists(st.binary(max_size=8), max_size=70), st.integers(0, 70))
def test_growing_in_two_steps_gives_the_root_of_the_definition(leaves: list[bytes], cut: int) -> None:
    hashes = [tree.leaf_hash(one) for one in leaves]
    frontier, size = tree.grown([], 0, hashes[:cut])

    frontier, size = tree.grown(frontier, size, hashes[cut:])

    assert size == len(leaves)
    assert tree.root(frontier) == by_definition(leaves)
    assert len(frontier) == size.bit_count()
