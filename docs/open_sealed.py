#!/usr/bin/env python3
"""Opens sealed messages of ClinicPBX without ClinicPBX: a file, the folder of the keys, nothing else.

    python3 open_sealed.py KEYS vault/frontdesk/MESSAGE.cpx > message.ulaw
    python3 open_sealed.py KEYS vault/frontdesk/MESSAGE.meta
    python3 open_sealed.py KEYS vault/frontdesk/MESSAGE.cpx --escrow root.escrow --key offline.pem > message.ulaw

Needs Python 3.9 and the package `cryptography`. KEYS is the instance's folder keys/ with root.key in it; a root key
behind a passphrase: --passphrase, read as one line of stdin. A root key that is lost: --escrow, what `keys escrow --to`
wrote, and --key, the offline private key; its passphrase, if it has one, with --passphrase. Written from
sealed-format.md alone. Exit code 1 and no output where anything is not as it was sealed. The sound is G.711 µ-law:
sox -t ul -r 8000 -c 1 message.ulaw out.wav
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def extract(salt, ikm):
    """HKDF-Extract with SHA-256 (RFC 5869, 2.2)."""
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def expand(key, info, length):
    """HKDF-Expand (RFC 5869, 2.3)."""
    block = out = b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([number]), "sha256")
        out += block
    return out[:length]


def hkdf(ikm, salt, info):
    return expand(extract(salt, ikm), info, 32)


def hpke_open(private, enc, sealed, info):
    """RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, one message, no associated data."""
    version, kem = b"HPKE-v1", b"KEM" + (0x0020).to_bytes(2, "big")
    suite = b"HPKE" + (0x0020).to_bytes(2, "big") + (0x0001).to_bytes(2, "big") + (0x0002).to_bytes(2, "big")

    def labeled(salt, suite_id, label, ikm):
        return extract(salt, version + suite_id + label + ikm)

    def stretched(key, suite_id, label, context, length):
        return expand(key, length.to_bytes(2, "big") + version + suite_id + label + context, length)

    dh = private.exchange(X25519PublicKey.from_public_bytes(enc))
    both = enc + private.public_key().public_bytes_raw()
    shared = stretched(labeled(b"", kem, b"eae_prk", dh), kem, b"shared_secret", both, 32)
    context = b"\0" + labeled(b"", suite, b"psk_id_hash", b"") + labeled(b"", suite, b"info_hash", info)
    secret = labeled(shared, suite, b"secret", b"")
    key = stretched(secret, suite, b"key", context, 32)
    nonce = stretched(secret, suite, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, sealed, b"")


def escrowed(text, pem, passphrase):
    """The root key that was sealed to an offline key."""
    private = load_pem_private_key(pem, passphrase.encode() if passphrase is not None else None)
    lines = [line.strip() for line in text.splitlines()]
    inner = lines[lines.index("-----BEGIN CLINICPBX ESCROW-----") + 1 : lines.index("-----END CLINICPBX ESCROW-----")]
    content = base64.b64decode("".join(inner), validate=True)
    return hpke_open(private, content[32:64], content[64:], b"cpbx/v1/escrow/" + content[:32])


def root_key(keys, passphrase):
    if passphrase is None:
        return (keys / "root.key").read_bytes()
    kept = json.loads((keys / "root.passphrase").read_text())
    numbers = {name: kept[name] for name in ("n", "r", "p")}
    salt, memory = bytes.fromhex(kept["salt"]), 256 * 1024 * 1024
    wrapping = hashlib.scrypt(passphrase.encode(), salt=salt, maxmem=memory, dklen=32, **numbers)
    return aes_key_unwrap(wrapping, bytes.fromhex(kept["wrapped"]))


def data_key(keys, root, header):
    kek = hkdf(root, b"", b"cpbx/v1/epochs")
    wrapped = base64.b64decode(header["wrapped_dek"])
    if header["suite"] == 1:
        epoch = aes_key_unwrap(kek, (keys / "vault" / "epochs" / (header["key_id"] + ".key")).read_bytes())
        return aes_key_unwrap(epoch, wrapped)
    pair = aes_key_unwrap(kek, (keys / "vault" / "pairs" / (header["key_id"] + ".key")).read_bytes())
    private = X25519PrivateKey.from_private_bytes(pair)
    sent = hpke_open(private, wrapped[:32], wrapped[32:], b"cpbx/v2/dek/" + header["key_id"].encode())
    own = (keys / "messages" / header["mailbox"] / (header["obj"] + ".key")).read_bytes()
    return hkdf(sent, own, b"cpbx/v2/dek")


def open_sealed(keys, root, content):
    """The plain bytes of a sealed file; an exception where it is not as it was sealed."""
    length = int.from_bytes(content[8:10], "big")
    header = json.loads(content[10 : 10 + length])
    if content[:8] != b"CPBXENC1" or header["v"] != 1 or header["suite"] not in (1, 2):
        raise ValueError("no sealed file of a suite that is known here")
    start = 10 + length + 32 + 7
    salt, prefix = content[10 + length : 10 + length + 32], content[start - 7 : start]
    info = b"cpbx/v1/stream" + hashlib.sha256(content[:start]).digest()
    cipher = AESGCM(hkdf(data_key(keys, root, header), salt, info))
    step = header["chunk"] + 16
    blocks = [content[at : at + step] for at in range(start, len(content), step)] or [b""]
    plain = []
    for number, block in enumerate(blocks):
        last = bytes([number == len(blocks) - 1])
        plain.append(cipher.decrypt(prefix + number.to_bytes(4, "big") + last, block, None))
    if len(plain) > 1 and not plain[-1]:
        raise ValueError("its last chunk is empty")
    return b"".join(plain)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("keys", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--passphrase", action="store_true")
    parser.add_argument("--escrow", type=Path)
    parser.add_argument("--key", type=Path)
    given = parser.parse_args()
    try:
        passphrase = sys.stdin.readline().rstrip("\n") if given.passphrase else None
        if given.escrow:
            root = escrowed(given.escrow.read_text(), given.key.read_bytes(), passphrase)
        else:
            root = root_key(given.keys, passphrase)
        plain = open_sealed(given.keys, root, given.file.read_bytes())
    except Exception as error:
        sys.exit(f"{given.file}: not opened: {type(error).__name__} {error}")
    sys.stdout.buffer.write(plain)


if __name__ == "__main__":
    main()
