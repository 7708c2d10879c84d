"""The decoder that needs nothing of ours opens what the vault sealed, of both suites, and refuses what was altered."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from clinicpbx.adapters.vault import root as module
from clinicpbx.adapters.vault.escrow import seal_root
from clinicpbx.adapters.vault.letterbox import AUDIO, META
from clinicpbx.adapters.vault.root import Root
from clinicpbx.adapters.vault.rotate import rotate
from clinicpbx.adapters.vault.sealer import SealJob
from clinicpbx.adapters.vault.store import Vault
from clinicpbx.private import Private
from tests.support.marks import tone
from tests.support.vaults import a_message, claim, make_vault, put_suite_1, record

pytestmark = pytest.mark.unit

DECODER = Path(__file__).parents[2] / "docs" / "open_sealed.py"
SOUND = tone(5)
PASSPHRASE = "six words that nobody guesses"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = make_vault(tmp_path / "home")
    record(made, "rec.1.1", SOUND)
    SealJob(made, claim(made)).finish()
    put_suite_1(made, a_message("old"), SOUND)
    return made


def decoded(vault: Vault, path: Path, *words: str, given: bytes = b"") -> bytes | None:
    """What the decoder prints; None where it refuses."""
    command = [sys.executable, "-I", str(DECODER), str(vault.instance.keys), str(path), *words]
    done = subprocess.run(command, capture_output=True, input=given, check=False)
    assert (done.returncode == 0) == (not done.stderr), done.stderr
    return done.stdout if done.returncode == 0 else None


@pytest.mark.parametrize("id", ["m1", "old"])
def test_it_opens_sound_and_label_of_both_suites(vault: Vault, id: str) -> None:
    assert decoded(vault, vault.path("8100", id, AUDIO)) == SOUND
    assert decoded(vault, vault.path("8100", id, META)) == vault.message("8100", id).encode()


def test_it_opens_what_was_sealed_to_the_key_for_any(vault: Vault) -> None:
    record(vault, "rec.2.1", SOUND)
    SealJob(vault, claim(vault, "rec.2.1", mailbox="8900")).finish()
    assert decoded(vault, vault.path("8900", "m1", AUDIO)) == SOUND


@pytest.mark.parametrize("at", [9, 60, 400, 500, -1])
def test_it_refuses_what_was_altered(vault: Vault, at: int) -> None:
    path = vault.path("8100", "m1", AUDIO)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))
    assert decoded(vault, path) is None


def test_it_opens_nothing_that_was_deleted(vault: Vault) -> None:
    path = vault.path("8100", "m1", AUDIO)
    content = path.read_bytes()
    vault.delete("8100", "m1")
    path.write_bytes(content)
    assert decoded(vault, path) is None


def test_it_takes_a_passphrase(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "N", 2)
    rotate(vault.instance, Root(vault.instance), Private(PASSPHRASE))
    path = vault.path("8100", "m1", AUDIO)
    assert decoded(vault, path, "--passphrase", given=PASSPHRASE.encode() + b"\n") == SOUND
    assert decoded(vault, path, "--passphrase", given=b"another\n") is None


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_it_takes_what_was_sealed_to_an_offline_key(vault: Vault, tmp_path: Path, passphrase: str) -> None:
    key, escrow, pem = X25519PrivateKey.generate(), tmp_path / "root.escrow", tmp_path / "offline.pem"
    escrow.write_text(seal_root(vault.keyring.root(), key.public_key()) + "\n")
    how = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    (vault.instance.keys / "root.key").unlink()
    path, words = vault.path("8100", "m1", AUDIO), ["--escrow", str(escrow), "--key", str(pem)]
    words += ["--passphrase"] if passphrase else []
    assert decoded(vault, path, *words, given=passphrase.encode() + b"\n") == SOUND
    other = X25519PrivateKey.generate()
    pem.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    assert decoded(vault, path, *words, given=passphrase.encode() + b"\n") is None
