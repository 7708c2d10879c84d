"""The root key sealed to an offline key: it comes back by that key alone, whole or not at all."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.adapters.vault.escrow import EscrowRefused, open_root, read_private, read_public, seal_root
from clinicpbx.adapters.vault.store import Vault, plain_of
from clinicpbx.cli import keys
from clinicpbx.cli.main import command
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from tests.support.marks import tone
from tests.support.vaults import a_message, make_vault, put

pytestmark = pytest.mark.unit
ROOT = bytes(range(32))
SOUND = tone(0.5)
PASSPHRASE = "six words that nobody guesses"
OFFLINE = X25519PrivateKey.generate()


def private_pem(key: X25519PrivateKey | Ed25519PrivateKey = OFFLINE, passphrase: str = "") -> bytes:
    how = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def public_pem(key: X25519PrivateKey | Ed25519PrivateKey = OFFLINE) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_it_comes_back_and_no_two_texts_are_the_same() -> None:
    texts = {seal_root(ROOT, OFFLINE.public_key()) for _ in range(2)}
    assert len(texts) == 2
    assert {open_root(text, OFFLINE) for text in texts} == {ROOT}
    assert open_root("\r\n".join(["printed on 2 May", *texts.pop().splitlines(), ""]), OFFLINE) == ROOT


def test_another_key_is_told_from_an_altered_text() -> None:
    text = seal_root(ROOT, OFFLINE.public_key())
    with pytest.raises(EscrowRefused, match=r"sealed to the key [0-9a-f]{16}, and this one is"):
        open_root(text, X25519PrivateKey.generate())


@given(at=st.integers(0, 151), letter=st.sampled_from("ABCDPQRSTZaz0489+/=!"))
def test_a_letter_that_is_wrong_opens_nothing(at: int, letter: str) -> None:
    begin, *lines, end = seal_root(ROOT, OFFLINE.public_key()).splitlines()
    body = "".join(lines)
    if body[at] == letter:
        return
    with pytest.raises(EscrowRefused):
        open_root("\n".join([begin, body[:at] + letter + body[at + 1 :], end]), OFFLINE)


@pytest.mark.parametrize("lines", [slice(0, -1), slice(1, None), slice(0, 2), slice(0, 0)])
def test_a_text_that_was_cut_opens_nothing(lines: slice) -> None:
    with pytest.raises(EscrowRefused, match="no whole escrow"):
        open_root("\n".join(seal_root(ROOT, OFFLINE.public_key()).splitlines()[lines]), OFFLINE)


def test_keys_of_other_kinds_are_refused() -> None:
    for pem in (b"", b"x", public_pem(Ed25519PrivateKey.generate())):
        with pytest.raises(EscrowRefused, match="no X25519 public key"):
            read_public(pem, "x.pub")
    with pytest.raises(EscrowRefused, match="must not be on this machine"):
        read_public(private_pem(), "offline.pem")
    for pem in (b"", public_pem(), private_pem(Ed25519PrivateKey.generate())):
        with pytest.raises(EscrowRefused):
            read_private(pem, "x.pem")
    locked = private_pem(passphrase=PASSPHRASE)
    with pytest.raises(EscrowRefused, match="behind a passphrase"):
        read_private(locked, "x.pem")
    with pytest.raises(EscrowRefused, match="not its passphrase"):
        read_private(locked, "x.pem", Private("another one"))
    assert read_private(locked, "x.pem", Private(PASSPHRASE)).private_bytes_raw() == OFFLINE.private_bytes_raw()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = make_vault(tmp_path / "home")
    put(made, a_message(), SOUND)
    return made


def run(instance: Instance, *args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, ["--home", str(instance.home), *args], input=stdin)


def lost(vault: Vault, tmp_path: Path, passphrase: str = "") -> tuple[str, str]:
    """The escrow and the offline key as files, after the root key was lost."""
    paths = [tmp_path / name for name in ("offline.pub", "root.escrow", "offline.pem")]
    paths[0].write_bytes(public_pem())
    paths[2].write_bytes(private_pem(passphrase=passphrase))
    sealed = run(vault.instance, "keys", "escrow", "--to", str(paths[0]))
    assert "Only the private key of" in sealed.stderr
    paths[1].write_text(sealed.stdout)
    (vault.instance.keys / "root.key").unlink()
    return str(paths[1]), str(paths[2])


def test_the_root_key_comes_back_by_the_command(vault: Vault, tmp_path: Path) -> None:
    key = (vault.instance.keys / "root.key").read_bytes()
    sealed, private = lost(vault, tmp_path)
    assert run(vault.instance, "keys", "restore", "--from", sealed).exit_code == 2
    done = run(vault.instance, "keys", "restore", "--key", private, stdin=Path(sealed).read_text())
    assert (done.exit_code, (vault.instance.keys / "root.key").read_bytes()) == (0, key)
    assert plain_of(vault, "8100", "m1") == SOUND


def test_behind_a_passphrase_it_is_asked_for(vault: Vault, tmp_path: Path) -> None:
    sealed, private = lost(vault, tmp_path, PASSPHRASE)
    words = ("keys", "restore", "--key", private)
    assert run(vault.instance, *words, stdin=Path(sealed).read_text()).exit_code == 2
    assert "not its passphrase" in str(run(vault.instance, *words, "--from", sealed, stdin="x\n").exception)
    done = run(vault.instance, *words, "--from", sealed, stdin=f"{PASSPHRASE}\n")
    assert (done.exit_code, PASSPHRASE in done.output) == (0, False)
    assert plain_of(vault, "8100", "m1") == SOUND


def test_the_escrow_of_another_clinic_is_refused(vault: Vault, tmp_path: Path) -> None:
    other = make_vault(tmp_path / "other")
    sealed, private = lost(other, tmp_path)
    (vault.instance.keys / "root.key").unlink()
    refused = run(vault.instance, "keys", "restore", "--key", private, "--from", sealed).exception
    assert "not the root key of this instance" in str(refused)
    assert not (vault.instance.keys / "root.key").exists()


def test_it_is_sealed_or_in_parts_and_not_to_a_private_key(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "offline.pem").write_bytes(private_pem())
    to = ("--to", str(tmp_path / "offline.pem"))
    assert run(vault.instance, "keys", "escrow", *to, "--parts", "2").exit_code == 2
    refused = run(vault.instance, "keys", "escrow", *to)
    assert getattr(refused.exception, "exit_code", 0) == 65
    assert refused.stdout == ""


def test_keys_as_openssl_makes_them(vault: Vault, tmp_path: Path) -> None:
    """As the help says, word for word."""
    lines = [line.split() for line in (keys.escrow.help or "").splitlines() if line.strip().startswith("openssl")]
    for words, option in zip(lines, ("-pass", "-passin"), strict=True):
        subprocess.run([*words, option, f"pass:{PASSPHRASE}"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "e").write_text(run(vault.instance, "keys", "escrow", "--to", str(tmp_path / "offline.pub")).stdout)
    (vault.instance.keys / "root.key").unlink()
    words = ["--key", str(tmp_path / "offline.pem"), "--from", str(tmp_path / "e")]
    assert run(vault.instance, "keys", "restore", *words, stdin=f"{PASSPHRASE}\n").exit_code == 0
