"""A certificate authority for one test run, and the files by which clients trust it.

OpenSSL's clients and delta-rs take `ca` (`REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`); a JVM takes `trust_store`.
The certificates expire after a day.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TRUST_STORE_PASSWORD = "changeit"  # Java's own default; a trust store holds nothing secret

Key = ec.EllipticCurvePrivateKey
Extensions = list[tuple[x509.ExtensionType, bool]]


@dataclass(frozen=True)
class Authority:
    """The files of a certificate authority.

    Attributes:
        ca: the root certificate, which clients trust.
        cert: the certificate of every server on this machine, for `127.0.0.1` and `localhost`.
        key: the private key of `cert`.
        trust_store: `ca` as a PKCS12 trust store of Java, with the password `TRUST_STORE_PASSWORD`.
    """

    ca: Path
    cert: Path
    key: Path
    trust_store: Path

    @property
    def java_options(self) -> str:
        """The options with which a JVM trusts this authority; a JVM reads them only at its start."""
        store = "-Djavax.net.ssl.trustStore"
        return f"{store}={self.trust_store} {store}Password={TRUST_STORE_PASSWORD} {store}Type=PKCS12"


def make_authority(folder: Path) -> Authority:
    """Make a certificate authority and a server certificate, and write their files into a folder."""
    files = Authority(*(folder / name for name in ("ca.pem", "cert.pem", "key.pem", "trust.p12")))
    root, root_key = _authority()
    key = ec.generate_private_key(ec.SECP256R1())
    files.ca.write_bytes(root.public_bytes(Encoding.PEM))
    files.cert.write_bytes(_leaf(key, root, root_key).public_bytes(Encoding.PEM))
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    trusted = [pkcs12.PKCS12Certificate(root, b"cloudflix-tests")]
    password = BestAvailableEncryption(TRUST_STORE_PASSWORD.encode())
    files.trust_store.write_bytes(pkcs12.serialize_java_truststore(trusted, password))
    return files


def _authority() -> tuple[x509.Certificate, Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("cloudflix tests")
    may = _usage(authority=True)
    extensions: Extensions = [(x509.BasicConstraints(ca=True, path_length=0), True), (may, True)]
    return _signed(name, key, name, key, extensions), key


def _leaf(key: Key, root: x509.Certificate, root_key: Key) -> x509.Certificate:
    names = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    )
    extensions: Extensions = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(authority=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (names, False),
    ]
    return _signed(_name("127.0.0.1"), key, root.subject, root_key, extensions)


def _signed(
    subject: x509.Name, key: Key, issuer: x509.Name, issuer_key: Key, extensions: Extensions
) -> x509.Certificate:
    now = datetime.now(UTC)
    known_by: Extensions = [
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False),
    ]
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    # Valid since an hour ago, because clocks may disagree.
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    for extension, critical in [*known_by, *extensions]:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    never = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
        **dict.fromkeys(never, False),
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
