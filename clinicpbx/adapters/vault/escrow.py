"""The root key sealed to a key that lies offline, as text: whoever has this machine or the text alone has nothing."""

import base64
import binascii
import re
import textwrap
from hashlib import sha256

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from clinicpbx.adapters.vault.publickeys import hpke
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private

BEGIN, END = "-----BEGIN CLINICPBX ESCROW-----", "-----END CLINICPBX ESCROW-----"
INFO = b"cpbx/v1/escrow/"
PUBLIC, SEALED = 32, 80  # bytes
_BLOCK = re.compile(rf"{BEGIN}\s([A-Za-z0-9+/=\s]+){END}")


class EscrowRefused(ClinicPBXError):
    """No key of the right kind, or an escrow that is not as it was written, or is for another key."""

    exit_code = 65


class Locked(EscrowRefused):
    """The private key is behind a passphrase."""


def seal_root(root: bytes, public: X25519PublicKey) -> str:
    """*root*, which only the private key of *public* opens; the same in no two texts."""
    name = public.public_bytes_raw()
    lines = textwrap.wrap(base64.b64encode(name + hpke.encrypt(root, public, INFO + name)).decode(), 64)
    return "\n".join([BEGIN, *lines, END])


def is_escrow(text: str) -> bool:
    return BEGIN in text


def open_root(text: str, private: X25519PrivateKey) -> bytes:
    """The root key in *text*. EscrowRefused where it is for another key, or altered."""
    found = _BLOCK.search(text)
    letters = "".join(found[1].split()) if found else ""
    try:
        content = base64.b64decode(letters, validate=True)
    except binascii.Error:
        content = b""
    if len(content) != PUBLIC + SEALED or base64.b64encode(content).decode() != letters:
        raise EscrowRefused("this is no whole escrow of a root key", do="Look at each of its lines again")
    name, own = content[:PUBLIC], private.public_key().public_bytes_raw()
    if name != own:
        raise EscrowRefused(f"it is sealed to the key {fingerprint(name)}, and this one is {fingerprint(own)}")
    try:
        return bytes(hpke.decrypt(content[PUBLIC:], private, INFO + name))
    except InvalidTag:
        raise EscrowRefused("the escrow was altered", do="Look at each of its lines again") from None


def fingerprint(public: bytes) -> str:
    """By which people know a public key: 16 hexadecimal digits of its SHA-256."""
    return sha256(public).hexdigest()[:16]


def read_public(pem: bytes, where: str) -> X25519PublicKey:
    """The X25519 public key in *pem*, as openssl writes it. EscrowRefused, above all for a private one."""
    if b"PRIVATE KEY" in pem:
        do = "Keep it offline, and give its public half: openssl pkey -in FILE -pubout"
        raise EscrowRefused("this is a private key, which must not be on this machine", where=where, do=do)
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PublicKey):
        raise EscrowRefused("this is no X25519 public key in PEM", where=where, do="See clinicpbx keys escrow --help")
    return key


def read_private(pem: bytes, where: str, passphrase: Private[str] | None = None) -> X25519PrivateKey:
    """The X25519 private key in *pem*. Locked where it takes a passphrase; EscrowRefused."""
    try:
        key = load_pem_private_key(pem, passphrase.value.encode() if passphrase else None)
    except TypeError:
        raise Locked("the private key is behind a passphrase", where=where) from None
    except (ValueError, UnsupportedAlgorithm):
        what = "this is not its passphrase, or no key" if passphrase else "this is no private key in PEM"
        raise EscrowRefused(what, where=where) from None
    if not isinstance(key, X25519PrivateKey):
        raise EscrowRefused("this is no X25519 key", where=where)
    return key
