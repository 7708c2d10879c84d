"""Sealed files open whole and unchanged, or not at all."""

import io
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinicpbx.adapters.vault.envelope import (
    CHUNK,
    MAGIC,
    TAG,
    Damaged,
    Header,
    Sealer,
    open_sealed,
    open_truncated,
    read_preamble,
    seal,
)

pytestmark = pytest.mark.unit

DEK = bytes(range(32))
HEADER = Header(
    obj="20260301T120000Z-pbx-1.1",
    mailbox="8100",
    kind="voicemail",
    codec="ulaw",
    created="2026-03-01T12:00:00+00:00",
    key_id="8100/2026-03",
    wrapped_dek=b"w" * 40,
)
SMALL = replace(HEADER, chunk=16)
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7]


def opened(sealed: bytes, dek: bytes = DEK) -> bytes:
    return b"".join(open_sealed(io.BytesIO(sealed), lambda _: dek))


def refused(sealed: bytes) -> bool:
    try:
        opened(sealed)
    except Damaged:
        return True
    return False


def split(sealed: bytes, chunk: int = CHUNK) -> tuple[bytes, list[bytes]]:
    stream = io.BytesIO(sealed)
    read_preamble(stream)
    start = stream.tell()
    step = chunk + TAG
    return sealed[:start], [sealed[i : i + step] for i in range(start, len(sealed), step)]


@pytest.mark.parametrize("size", SIZES)
def test_opens_as_sealed(size: int) -> None:
    plain = os.urandom(size)
    assert opened(seal(HEADER, DEK, plain)) == plain


@pytest.mark.parametrize("size", SIZES)
def test_size_on_disk_is_as_documented(size: int) -> None:
    head, blocks = split(seal(HEADER, DEK, bytes(size)))
    assert head.startswith(MAGIC)
    assert len(head) == 8 + 2 + len(HEADER.encode()) + 32 + 7
    assert len(blocks) == max(1, -(-size // CHUNK))
    assert sum(map(len, blocks)) == size + TAG * len(blocks)


@given(pieces=st.lists(st.binary(max_size=50), max_size=12))
def test_pieces_of_any_size_make_the_same_object(pieces: list[bytes]) -> None:
    sealer = Sealer(SMALL, DEK)
    sealed = sealer.preamble + b"".join(map(sealer.feed, pieces)) + sealer.finish()
    assert opened(sealed) == b"".join(pieces)
    assert len(sealed) == len(seal(SMALL, DEK, b"".join(pieces)))


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 87])
def test_every_truncation_and_every_bit_flip_is_refused(size: int) -> None:
    sealed = seal(SMALL, DEK, os.urandom(size))
    assert all(refused(sealed[:end]) for end in range(len(sealed)))
    for at in range(len(sealed)):
        for bit in range(8):
            flipped = bytearray(sealed)
            flipped[at] ^= 1 << bit
            assert refused(bytes(flipped)), (at, bit)


@pytest.mark.parametrize("size", SIZES)
def test_truncated_at_each_chunk_and_extended_is_refused(size: int) -> None:
    sealed = seal(HEADER, DEK, os.urandom(size))
    head, blocks = split(sealed)
    assert all(refused(head + b"".join(blocks[:n])) for n in range(len(blocks)))
    for tail in (b"\0", blocks[-1], blocks[0], sealed, bytes(TAG), bytes(CHUNK + TAG)):
        assert refused(sealed + tail)


@settings(max_examples=300)
@given(count=st.integers(2, 6), choose=st.data())
def test_reordered_dropped_and_repeated_chunks_are_refused(count: int, choose: st.DataObject) -> None:
    sealed = seal(SMALL, DEK, os.urandom(16 * count - 3))
    head, blocks = split(sealed, 16)
    order = choose.draw(st.lists(st.integers(0, count - 1), max_size=count + 1))
    changed = head + b"".join(blocks[i] for i in order)
    assert refused(changed) is (order != list(range(count)))


@settings(max_examples=300)
@given(junk=st.binary(max_size=300), keep=st.integers(0, 400))
def test_rubbish_is_refused_and_never_crashes(junk: bytes, keep: int) -> None:
    sealed = seal(SMALL, DEK, b"a" * 40)
    changed = sealed[:keep] + junk
    assert refused(changed) is (changed != sealed)


def test_chunks_of_another_object_of_the_same_key_are_refused() -> None:
    one, two = (split(seal(SMALL, DEK, bytes(40)), 16) for _ in range(2))
    assert refused(one[0] + b"".join(two[1]))


def test_a_header_of_another_mailbox_is_refused() -> None:
    sealed = seal(SMALL, DEK, b"hello")
    changed = sealed.replace(b'"mailbox":"8100"', b'"mailbox":"8200"')
    assert changed != sealed
    assert refused(changed)


def test_another_key_is_refused() -> None:
    with pytest.raises(Damaged):
        opened(seal(HEADER, DEK, b"hello"), bytes(32))


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{}",
        b"null",
        b"[" * 4000,
        HEADER.encode() + b" ",
        HEADER.encode().replace(b'"v":1', b'"v":true'),
        HEADER.encode().replace(b'"v":1', b'"v":2'),
        HEADER.encode().replace(b'"suite":2', b'"suite":9'),
        HEADER.encode().replace(b"16384", b"99999999"),
        HEADER.encode().replace(b"16384", b"0"),
        HEADER.encode().replace(b'"8100"', b"8100"),
        HEADER.encode().replace(b'{"', b'{"a":1,"'),
    ],
)
def test_headers_of_another_shape_are_refused(header: bytes) -> None:
    with pytest.raises(Damaged):
        Header.decode(header)


def test_a_finished_sealer_takes_no_more() -> None:
    sealer = Sealer(HEADER, DEK)
    sealer.finish()
    with pytest.raises(ValueError, match="finished"):
        sealer.feed(b"more")
    with pytest.raises(ValueError, match="finished"):
        sealer.finish()


@pytest.mark.parametrize("size", [0, 1, 16, 17, 32, 87])
def test_a_cut_file_is_recovered_to_its_last_whole_chunk_when_asked_for(size: int) -> None:
    plain = os.urandom(size)
    sealed = seal(SMALL, DEK, plain)
    head, blocks = split(sealed, 16)
    for end in range(len(head), len(sealed)):
        whole = min((end - len(head)) // (16 + TAG), len(blocks) - 1)
        recovered = open_truncated(io.BytesIO(sealed[:end]), lambda _: DEK)
        assert (recovered.plain, recovered.complete) == (plain[: whole * 16], False)
    recovered = open_truncated(io.BytesIO(sealed), lambda _: DEK)
    assert (recovered.plain, recovered.complete) == (plain, True)


def test_recovery_refuses_damage_before_the_last_block() -> None:
    sealed = bytearray(seal(SMALL, DEK, os.urandom(87)))
    sealed[len(sealed) - 60] ^= 1
    with pytest.raises(Damaged):
        open_truncated(io.BytesIO(bytes(sealed)), lambda _: DEK)
