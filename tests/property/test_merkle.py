"""Proofs hold for every tree, and for nothing but what they were made for."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from streams import merkle


def _leaves(size: int) -> list[bytes]:
    return [hashlib.sha256(str(i).encode()).digest() for i in range(size)]


def _root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1 as it is written: split at the largest power of two below the size."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return merkle.node_hash(_root_by_definition(leaves[:k]), _root_by_definition(leaves[k:]))


@given(st.integers(0, 300))
def test_root_is_the_recursive_definition(size: int) -> None:
    assert merkle.root(_leaves(size)) == _root_by_definition(_leaves(size))


@given(st.data())
def test_inclusion_holds_for_its_leaf_and_index_only(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 200))
    index = data.draw(st.integers(0, size - 1))
    leaves = _leaves(size)
    proof, root = merkle.inclusion_proof(leaves, index), merkle.root(leaves)

    assert merkle.verify_inclusion(leaves[index], index, size, proof, root)
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert not merkle.verify_inclusion(leaves[other], index, size, proof, root)
        assert not merkle.verify_inclusion(leaves[index], other, size, proof, root)
    assert not merkle.verify_inclusion(leaves[index], index, size, [*proof, root], root)
    if proof:
        assert not merkle.verify_inclusion(leaves[index], index, size, proof[:-1], root)


@given(st.data())
def test_consistency_holds_for_a_prefix_only(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 200))
    old = data.draw(st.integers(1, size))
    leaves = _leaves(size)
    proof = merkle.consistency_proof(leaves, old)
    old_root, root = merkle.root(leaves[:old]), merkle.root(leaves)

    assert merkle.verify_consistency(old, old_root, size, root, proof)
    changed = data.draw(st.integers(0, old - 1))
    forged = [*leaves[:changed], bytes(32), *leaves[changed + 1 :]]
    assert not merkle.verify_consistency(old, merkle.root(forged[:old]), size, root, proof)
    if proof:
        assert not merkle.verify_consistency(old, old_root, size, root, proof[:-1])
        assert not merkle.verify_consistency(old, old_root, size, root, [*proof, root])
