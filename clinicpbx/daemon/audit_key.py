"""The Ed25519 key that signs the audit log's checkpoints, and its public half for whoever checks them."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from clinicpbx.adapters.vault.durable import create_durably, make_folder
from clinicpbx.core.audit.checkpoint import Checkpoint, Signed, key_id, verifier_key
from clinicpbx.daemon.audit_files import owned
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

KEY = 32
READABLE = 0o644


def make_audit_key(instance: Instance) -> bool:
    """Draws keys/audit.key (0600) and writes keys/audit.pub; False where there was a key."""
    path = make_folder(instance.keys) / "audit.key"
    made = create_durably(path, Ed25519PrivateKey.generate().private_bytes_raw())
    public = instance.keys / "audit.pub"
    if made:
        owned(path, instance)
        public.unlink(missing_ok=True)
    if not public.exists():
        create_durably(public, f"{AuditKey(instance).verifier}\n".encode())
        public.chmod(READABLE)
        owned(public, instance)
    return made


class AuditKey:
    """Signs and checks with keys/audit.key. ClinicPBXError where there is none, or another kind of file."""

    def __init__(self, instance: Instance) -> None:
        path = instance.keys / "audit.key"
        self._private = Ed25519PrivateKey.from_private_bytes(_read(path))
        self.public = self._private.public_key().public_bytes_raw()
        self.origin = f"clinicpbx-audit/{self.public.hex()[:16]}"
        """The log's own name, which holds for as long as its key does."""

    @property
    def verifier(self) -> str:
        """The public key, as tools for signed notes take it."""
        return verifier_key(self.origin, self.public)

    def sign(self, checkpoint: Checkpoint) -> Signed:
        signature = self._private.sign(checkpoint.text.encode())
        return Signed(checkpoint, self.origin, key_id(self.origin, self.public), signature)

    def signed(self, found: Signed) -> bool:
        """Whether this key signed *found*."""
        if found.name != self.origin or found.checkpoint.origin != self.origin:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(found.signature, found.checkpoint.text.encode())
        except InvalidSignature:
            return False
        return True


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        do = "Put it back from the backup, or make one: clinicpbx prepare"
        raise ClinicPBXError("the audit log has no key", where=str(path), do=do) from None
    if len(key) != KEY:
        raise ClinicPBXError(f"not a key of {KEY} bytes", where=str(path), do="Restore it from the backup")
    return key
