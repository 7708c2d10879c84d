"""The certificate of the TLS transport: the clinic's own, or one we sign ourselves until there is one."""

import ipaddress
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clinicpbx.adapters.asterisk.files import OWNER, write_if_changed
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

LASTS = timedelta(days=3650)  # nobody renews it; phones are told to trust this one certificate


def make_certificate(instance: Instance, settings: Settings) -> None:
    """Writes asterisk/tls/certificate.pem and key.pem where neither is there; what is there stays."""
    certificate, key = instance.tls / "certificate.pem", instance.tls / "key.pem"
    if certificate.exists() or key.exists():
        return
    private = ec.generate_private_key(ec.SECP256R1())
    encoded = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_if_changed(key, encoded.decode(), OWNER)
    write_if_changed(certificate, _self_signed(private, settings).decode(), OWNER)


def days_left(instance: Instance, at: datetime) -> float | None:
    """Days until the first certificate of asterisk/tls/certificate.pem expires; negative afterwards.

    None where it cannot be read: TLS does not work then.
    """
    try:
        certificate = x509.load_pem_x509_certificate((instance.tls / "certificate.pem").read_bytes())
    except (OSError, ValueError):
        return None
    return (certificate.not_valid_after_utc - at) / timedelta(days=1)


def _self_signed(private: ec.EllipticCurvePrivateKey, settings: Settings) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, socket.gethostname()[:64])])
    known: list[x509.GeneralName] = [x509.DNSName(socket.gethostname())]
    with suppress(ValueError):  # bound to a name
        known.append(x509.IPAddress(ipaddress.ip_address(settings.sip_bind or settings.bind)))
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
