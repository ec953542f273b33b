"""``ClientCertificate``: a certificate that a test owns, and the header in which a proxy would pass it on."""

from __future__ import annotations

import datetime
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Self
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from jwks_auth.jose import encode_base64url

__all__ = ["ClientCertificate"]

_VALID = datetime.timedelta(days=3650)
_MADE = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


class ClientCertificate:
    """A client's certificate, in PEM or DER as *certificate*; :meth:`generate` makes one, with its *key*."""

    def __init__(self, certificate: str | bytes, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        data = certificate.encode() if isinstance(certificate, str) else certificate
        is_pem = data.lstrip().startswith(b"-----BEGIN")
        self._certificate = (
            x509.load_pem_x509_certificate(data) if is_pem else x509.load_der_x509_certificate(data)
        )
        self._key = key

    @classmethod
    def generate(cls, name: str = "client") -> Self:
        """Make a certificate that signs itself, good from 2020 on for twenty years."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        dated = builder.not_valid_before(_MADE).not_valid_after(_MADE + 2 * _VALID)
        numbered = dated.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return cls(numbered.sign(key, hashes.SHA256()).public_bytes(Encoding.DER), key)

    @classmethod
    def of(cls, given: bool | str | bytes | ClientCertificate) -> ClientCertificate | None:
        """Return *given* as a certificate, a new one for ``True``, and ``None`` for ``False``."""
        if isinstance(given, bool):
            return cls.generate() if given else None
        return given if isinstance(given, ClientCertificate) else cls(given)

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self._certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        """The certificate in PEM."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The key of a generated certificate in PEM, for ``SSLContext.load_cert_chain``."""
        if self._key is None:
            raise ValueError("this certificate was given without its key: make one with generate()")
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def confirmation(self) -> dict[str, str]:
        """``cnf`` of a token that is bound to it (RFC 8705 section 3.1)."""
        return {"x5t#S256": encode_base64url(sha256(self.der).digest())}

    def field(self, form: str = "rfc9440") -> str:
        """The value of the header in which a proxy passes it on, in one of the forms of ``CLIENT_CERTIFICATE``."""
        if form not in _FIELDS:
            raise ValueError(f"form: found {form!r}, expected one of {', '.join(_FIELDS)}")
        return _FIELDS[form](self)


def _base64(certificate: ClientCertificate) -> str:
    return b64encode(certificate.der).decode()


_FIELDS: Mapping[str, Callable[[ClientCertificate], str]] = {
    "rfc9440": lambda each: f":{_base64(each)}:",
    "pem-urlencoded": lambda each: quote(each.pem, safe=""),
    "pem": lambda each: each.pem.replace("\n", " ").strip(),
    "der-base64": _base64,
    "xfcc": lambda each: f"By=spiffe://proxy.example;Hash={sha256(each.der).hexdigest()}",
}
