"""A certificate that this machine makes for itself: its names, its age, its fingerprint.

Pure but for randomness: names and time come in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME: Final = timedelta(days=365)
"""Below the 398 days that browsers accept."""
RENEWED_BEFORE: Final = timedelta(days=30)
BACKDATED: Final = timedelta(days=1)
"""For visitors whose clock is behind."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a server is called by those who visit it."""

    hosts: frozenset[str]
    addresses: frozenset[str]
    """IPv4 and IPv6, in their usual spelling."""

    def covers(self, other: Names) -> bool:
        """Whether all names of the other are among these."""
        return self.hosts >= other.hosts and self.addresses >= other.addresses


def names_of(texts: Iterable[str]) -> Names:
    """Sort names into hosts and addresses; what can be neither is left out."""
    hosts, addresses = set(), set()
    for text in texts:
        try:
            addresses.add(str(ipaddress.ip_address(text.partition("%")[0])))
        except ValueError:
            if _is_host(text):
                hosts.add(text.lower())
    return Names(frozenset(hosts), frozenset(addresses))


def make_certificate(names: Names, *, now: datetime) -> bytes:
    """A new key (P-256) and its own certificate for these names, as one PEM text.

    Args: now: aware.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Countenance")])
    known: list[x509.GeneralName] = [x509.DNSName(host) for host in sorted(names.hosts)]
    known += [x509.IPAddress(ipaddress.ip_address(one)) for one in sorted(names.addresses)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signs_only(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def is_due(pem: bytes, names: Names, *, now: datetime) -> bool:
    """Whether a certificate is to be made anew: nearly over, not yet good, or names are missing.

    Raises: ValueError: there is no certificate in the text.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    is_early = now < certificate.not_valid_before_utc
    is_late = now >= certificate.not_valid_after_utc - RENEWED_BEFORE
    return is_early or is_late or not _names_in(certificate).covers(names)


def fingerprint(pem: bytes) -> str:
    """SHA-256 of the first certificate as browsers show it: `AB:CD:...`.

    Raises: ValueError: there is no certificate in the text.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _names_in(certificate: x509.Certificate) -> Names:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return Names(frozenset(), frozenset())
    addresses = found.get_values_for_type(x509.IPAddress)
    return Names(
        frozenset(found.get_values_for_type(x509.DNSName)),
        frozenset(str(address) for address in addresses),
    )


def _signs_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_host(text: str) -> bool:
    """Whether the name can stand in a certificate and be typed into a browser."""
    parts = text.split(".")
    plain = all(part and part.replace("-", "").isalnum() and len(part) < 64 for part in parts)
    return text.isascii() and plain and len(text) < 254
