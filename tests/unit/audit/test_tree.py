"""The Merkle tree against RFC 6962's definitions and the vectors of Certificate Transparency's reference code."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.core.audit.row import leaf_hash
from clinicpbx.core.audit.tree import (
    EMPTY,
    Frontier,
    consistency,
    inclusion,
    is_consistent,
    node,
    root_by_inclusion,
    root_of,
)

pytestmark = pytest.mark.unit
LEAVES = [
    leaf_hash(bytes.fromhex(text))
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def named(count: int) -> list[bytes]:
    return [leaf_hash(bytes([n])) for n in range(count)]


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 writes it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256().digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node(by_definition(leaves[:k]), by_definition(leaves[k:]))


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS, 1)))
def test_roots_are_the_reference_ones(size: int, root: str) -> None:
    assert root_of(LEAVES[:size]).hex() == root


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_of([]) == EMPTY == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


def test_proofs_are_those_of_the_rfcs_example() -> None:
    a, b, c, d, e, f, j = d7 = named(7)
    g, h, i = node(a, b), node(c, d), node(e, f)
    k, m = node(g, h), node(i, j)
    assert root_of(d7) == node(k, m)
    assert inclusion(d7, 0) == [b, h, m]
    assert inclusion(d7, 3) == [c, g, m]
    assert inclusion(d7, 4) == [f, j, k]
    assert inclusion(d7, 6) == [i, k]
    assert consistency(d7, 3) == [c, d, g, m]
    assert consistency(d7, 4) == [m]
    assert consistency(d7, 6) == [i, j, k]


@given(st.integers(0, 70))
def test_the_root_is_that_of_the_definition(size: int) -> None:
    assert root_of(named(size)) == by_definition(named(size))


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8))
def test_a_tree_grown_in_pieces_is_the_same_tree(cuts: list[int]) -> None:
    places = sorted(cuts)
    leaves, frontier = named(60), Frontier()
    frontier.extend(leaves[: places[0]])
    for start, end in pairwise(places):
        frontier.extend(leaves[start:end])
        assert frontier.root() == root_of(leaves[:end])
        assert frontier.size == end


@given(st.integers(1, 70), st.data())
def test_a_proof_proves_its_leaf_at_its_place_and_nothing_else(size: int, data: st.DataObject) -> None:
    leaves, index = named(size), data.draw(st.integers(0, size - 1))
    proof, root = inclusion(leaves, index), root_of(leaves)
    assert root_by_inclusion(leaves[index], index, size, proof) == root
    other = data.draw(st.integers(0, size + 1))
    if other != index:
        assert root_by_inclusion(leaves[index], other, size, proof) != root
    assert root_by_inclusion(leaf_hash(b"another"), index, size, proof) != root
    assert root_by_inclusion(leaves[index], index, size, [*proof, EMPTY]) is None
    if proof:
        assert root_by_inclusion(leaves[index], index, size, proof[:-1]) is None


@given(st.integers(1, 70), st.data())
def test_a_tree_that_grew_is_told_from_one_that_was_rewritten(grown: int, data: st.DataObject) -> None:
    leaves, size = named(grown), data.draw(st.integers(1, grown))
    old, new, proof = root_of(leaves[:size]), root_of(leaves), consistency(leaves, size)
    assert is_consistent(old, size, new, grown, proof)
    assert not is_consistent(leaf_hash(b"another"), size, new, grown, proof)
    assert not is_consistent(old, size, leaf_hash(b"another"), grown, proof)
    assert not is_consistent(old, size, new, grown, [*proof, EMPTY])
    if proof:
        assert not is_consistent(old, size, new, grown, proof[:-1])
    assert not is_consistent(old, 0, new, grown, proof)


def test_no_proof_proves_nothing_where_one_is_needed() -> None:
    assert not is_consistent(root_of(named(3)), 3, root_of(named(4)), 4, [])


@pytest.mark.parametrize("index", [-1, 3])
def test_no_proof_of_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError):
        inclusion(named(3), index)
    assert root_by_inclusion(named(1)[0], index, 3, []) is None
