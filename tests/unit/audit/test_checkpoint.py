"""Checkpoints in the form of C2SP's tlog-checkpoint and signed-note."""

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from clinicpbx.core.audit.checkpoint import Checkpoint, Signed, key_id, notes, parse_note, verifier_key

pytestmark = pytest.mark.unit
CHECKPOINT = Checkpoint("clinicpbx-audit/1234", 20852163, bytes(32), "2026-03-01T12:00:00Z")
SIGNED = Signed(CHECKPOINT, CHECKPOINT.origin, b"abcd", bytes(64))


def test_the_text_is_origin_size_root_and_time() -> None:
    root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert CHECKPOINT.text == f"clinicpbx-audit/1234\n20852163\n{root}\ntime 2026-03-01T12:00:00Z\n"


def test_keys_are_named_and_sign_as_in_the_example_of_c2sps_signed_note() -> None:
    written = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    mark = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    public = b64decode(written.rsplit("+", 1)[1])[1:]
    assert verifier_key("example.com/foo", public) == written
    signed = b64decode(mark)
    assert signed[:4] == key_id("example.com/foo", public)
    Ed25519PublicKey.from_public_bytes(public).verify(signed[4:], b"This is an example message.\n")


def test_a_note_is_read_back() -> None:
    assert parse_note(SIGNED.note) == SIGNED
    assert list(notes(f"{SIGNED.note}\n{SIGNED.note}\n")) == [SIGNED.note, SIGNED.note]
    assert list(notes("\n")) == []


@pytest.mark.parametrize(
    "note",
    [
        "",
        "x",
        SIGNED.note + "more",
        SIGNED.note.replace("20852163", "+20852163"),
        SIGNED.note.replace("20852163", "020852163"),
        SIGNED.note.replace("\u2014", "-"),
        SIGNED.note.replace("time ", ""),
        SIGNED.note.replace("AAAA", "AA=A"),
    ],
)
def test_anything_else_is_none(note: str) -> None:
    with pytest.raises(ValueError, match="no signed checkpoint"):
        parse_note(note)


def test_a_signature_is_over_the_text() -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    signed = Signed(
        CHECKPOINT, CHECKPOINT.origin, key_id(CHECKPOINT.origin, public), key.sign(CHECKPOINT.text.encode())
    )
    read = parse_note(signed.note)
    Ed25519PublicKey.from_public_bytes(public).verify(read.signature, read.checkpoint.text.encode())
