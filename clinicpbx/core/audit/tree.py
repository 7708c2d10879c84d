"""The Merkle tree of RFC 6962, section 2.1, over the hashes of its leaves: root, proofs, and the root as it grows."""

from collections.abc import Iterator, Sequence
from hashlib import sha256

EMPTY = sha256().digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    """Nodes two by two; a last one alone goes up as it is."""
    above = [sha256(b"\1" + level[n] + level[n + 1]).digest() for n in range(0, len(level) - 1, 2)]
    return [*above, level[-1]] if len(level) % 2 else above


def _levels(leaves: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    level = leaves
    while len(level) > 1:
        yield level
        level = _level_above(level)
    yield level


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962."""
    *_, top = _levels(leaves)
    return top[0] if top else EMPTY


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH of RFC 6962: what proves that leaf *index*, from 0, is in the tree of *leaves*. IndexError if it is not."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    proof = []
    for level in _levels(leaves):
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        index >>= 1
    return proof


def consistency(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """PROOF of RFC 6962: what proves that the tree of the first *size* (1 or more) leaves grew into that of all."""
    proof: list[bytes] = []
    known, part, rest = True, leaves, size
    while rest != len(part):
        half = 1 << (len(part) - 1).bit_length() - 1
        if rest <= half:
            proof.append(root_of(part[half:]))
            part = part[:half]
        else:
            proof.append(root_of(part[:half]))
            part, rest, known = part[half:], rest - half, False
    return [*([] if known else [root_of(part)]), *reversed(proof)]


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root of a tree of *size* leaves that has *leaf* at *index*, by RFC 9162, 2.1.3.2; None: it proves nothing."""
    if not 0 <= index < size:
        return None
    at, last, root = index, size - 1, leaf
    for one in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            root = node(one, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node(root, one)
        at, last = at >> 1, last >> 1
    return root if last == 0 else None


def is_consistent(old: bytes, size: int, new: bytes, grown: int, proof: Sequence[bytes]) -> bool:
    """Whether *proof* shows that the tree of *grown* leaves begins with that of *size*, by RFC 9162, 2.1.4.2."""
    if not 0 < size <= grown or (size == grown and proof):
        return False
    if size == grown:
        return old == new
    path = [old, *proof] if size & (size - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = size - 1, grown - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for one in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node(one, first), node(one, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node(second, one)
        at, last = at >> 1, last >> 1
    return last == 0 and (first, second) == (old, new)


class Frontier:
    """The roots of the whole subtrees of a tree that grows, the largest first: enough to go on, and O(log n)."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def extend(self, leaves: Sequence[bytes]) -> None:
        """The tree has *leaves* too."""
        start = 0
        while start < len(leaves):
            # the largest whole subtree that begins here
            height = (len(leaves) - start).bit_length() - 1
            if self.size:
                height = min(height, (self.size & -self.size).bit_length() - 1)
            width = 1 << height
            self._push(height, root_of(leaves[start : start + width]))
            start += width
            self.size += width

    def _push(self, height: int, root: bytes) -> None:
        while self._peaks and self._peaks[-1][0] == height:
            root = node(self._peaks.pop()[1], root)
            height += 1
        self._peaks.append((height, root))

    def root(self) -> bytes:
        """MTH of RFC 6962 of all leaves so far."""
        if not self._peaks:
            return EMPTY
        root = self._peaks[-1][1]
        for _, peak in reversed(self._peaks[:-1]):
            root = node(peak, root)
        return root
