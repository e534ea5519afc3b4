"""The Merkle tree of RFC 6962: root, inclusion proof, consistency proof, and their verification.

All functions take *leaf hashes* in order, 32 bytes each: SHA-256(0x00 ‖ record). An inner node is SHA-256(0x01 ‖ left ‖
right). The two prefixes keep a record from passing for an inner node (second preimage, RFC 6962 §2.1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of a tree without leaves, RFC 6962 §2.1."""


def leaf_hash(record: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ record), RFC 6962 §2.1."""
    return hashlib.sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree head over the leaf hashes, RFC 6962 §2.1.

    Works level by level: pairs are joined, an odd node at the end rises as it is. That gives the tree of the RFC, whose
    left part is the largest power of two below the number of leaves.
    """
    if not leaves:
        return EMPTY_ROOT
    sha256 = hashlib.sha256
    level = list(leaves)
    while len(level) > 1:
        nodes = iter(level)
        above = [sha256(b"\x01" + left + right).digest() for left, right in zip(nodes, nodes, strict=False)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of the leaf at ``index``, nearest sibling first, RFC 6962 §2.1.1.

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} in a tree of {len(leaves)}")
    path: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level = _parents(level)
        index >>= 1
    return path


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return the nodes that prove the tree of the first ``old_size`` leaves to be a prefix, RFC 6962 §2.1.2.

    Raises:
        IndexError: ``old_size`` is not between 1 and the number of leaves.
    """
    if not 1 <= old_size <= len(leaves):
        raise IndexError(f"no tree of {old_size} within one of {len(leaves)}")
    proof: list[bytes] = []
    part, size, known = list(leaves), old_size, True
    while size != len(part):
        split = _split(len(part))
        if size <= split:
            proof.append(root(part[split:]))
            part = part[:split]
        else:
            proof.append(root(part[:split]))
            part, size, known = part[split:], size - split, False
    # `known`: the verifier holds the old root itself, so it need not be told.
    if not known:
        proof.append(root(part))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Return whether ``leaf`` stands at ``index`` of the tree with this size and root, RFC 9162 §2.1.3.2."""
    if not 0 <= index < size:
        return False
    node, last, digest = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            digest = node_hash(sibling, digest)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and digest == tree_root


def verify_consistency(old_size: int, old_root: bytes, size: int, tree_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether the tree ``(old_size, old_root)`` is a prefix of ``(size, tree_root)``, RFC 9162 §2.1.4.2.

    The empty tree is a prefix of every tree, which no node can prove: the proof must be empty.
    """
    if old_size == size:
        return not proof and old_root == tree_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old_size < size or not proof:
        return False
    nodes = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_digest = digest = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_digest, digest = node_hash(sibling, old_digest), node_hash(sibling, digest)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_digest == old_root and digest == tree_root


def _parents(level: list[bytes]) -> list[bytes]:
    """Return the level above: pairs joined, an odd last node unchanged."""
    above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return [*above, level[-1]] if len(level) % 2 else above


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size`` (``size`` > 1)."""
    return 1 << (size - 1).bit_length() - 1
