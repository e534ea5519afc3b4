"""RFC 6962, against the vectors that certificate-transparency implementations share."""

import hashlib

import pytest

from streams import merkle

LEAVES = [
    merkle.leaf_hash(bytes.fromhex(text))
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
N0 = ROOTS[1]
N1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N4567 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
N4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = {
    (0, 1): [],
    (0, 8): [N1, N23, N4567],
    (5, 8): [N4, N67, ROOTS[4]],
    (2, 3): [ROOTS[2]],
    (1, 5): [N0, N23, N4],
}
CONSISTENCY = {(1, 1): [], (1, 8): [N1, N23, N4567], (6, 8): [N45, N67, ROOTS[4]], (2, 5): [N23, N4]}


def _hex(proof: list[bytes]) -> list[str]:
    return [node.hex() for node in proof]


@pytest.mark.parametrize("size", range(9))
def test_root_equals_the_published_root(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proof_equals_the_published_path(index: int, size: int) -> None:
    proof = merkle.inclusion_proof(LEAVES[:size], index)

    assert _hex(proof) == INCLUSION[index, size]
    assert merkle.verify_inclusion(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "size"), CONSISTENCY)
def test_consistency_proof_equals_the_published_path(old: int, size: int) -> None:
    proof = merkle.consistency_proof(LEAVES[:size], old)

    assert _hex(proof) == CONSISTENCY[old, size]
    assert merkle.verify_consistency(old, bytes.fromhex(ROOTS[old]), size, bytes.fromhex(ROOTS[size]), proof)


def test_a_record_that_looks_like_an_inner_node_does_not_hash_like_one() -> None:
    left, right = LEAVES[:2]

    assert merkle.leaf_hash(b"\x01" + left + right) != merkle.node_hash(left, right)
    assert merkle.leaf_hash(b"") == hashlib.sha256(b"\x00").digest()


def test_every_prefix_is_consistent_with_the_empty_tree_and_with_itself() -> None:
    for size in range(9):
        tree = bytes.fromhex(ROOTS[size])
        assert merkle.verify_consistency(0, merkle.EMPTY_ROOT, size, tree, [])
        assert merkle.verify_consistency(size, tree, size, tree, [])
        assert not merkle.verify_consistency(size, tree, size, tree, [tree])


def test_proofs_for_what_is_not_there_are_refused() -> None:
    with pytest.raises(IndexError):
        merkle.inclusion_proof(LEAVES, 8)
    with pytest.raises(IndexError):
        merkle.consistency_proof(LEAVES, 9)
    with pytest.raises(IndexError):
        merkle.consistency_proof(LEAVES, 0)
    assert not merkle.verify_inclusion(LEAVES[0], 8, 8, [], merkle.root(LEAVES))
    assert not merkle.verify_consistency(9, LEAVES[0], 8, LEAVES[0], [LEAVES[1]])
    assert not merkle.verify_consistency(3, merkle.root(LEAVES[:3]), 8, merkle.root(LEAVES), [])
