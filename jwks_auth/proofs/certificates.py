"""``Certificates``: the certificate with which the client of a request has authenticated (RFC 8705 section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Protocol

from jwks_auth.claims import Binding, VerifiedToken
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.jose import encode_base64url
from jwks_auth.proofs.certificate_forms import digest_of
from jwks_auth.proofs.prover import Proved
from jwks_auth.proofs.proxies import Peer, TrustedProxies
from jwks_auth.runtime import ask, dataclass, forget_frames

__all__ = ["CertificateHeader", "Certificates", "check_proxies"]

_PROXY_SETTINGS = ("TRUSTED_PROXIES", "PROXY_SECRET")
_PROVED = Proved()


@dataclass(frozen=True, slots=True)
class CertificateHeader:
    """The header in which a proxy passes the client's certificate on, and its form."""

    header: str
    form: str


class Request(Peer, Protocol):
    """The parts of a request that may hold a certificate."""

    @property
    def certificate(self) -> str | bytes | None:
        """The client's own certificate, as the server got it in the handshake; ``None`` without one."""


class Certificates:
    """Proves possession of a key by the certificate of the connection, which the settings *shared* say where to find.

    Make it of settings that :func:`check_proxies` has checked.
    """

    def __init__(self, shared: Mapping[str, Any]) -> None:
        source = shared["CLIENT_CERTIFICATE"]
        self._read: Callable[[Any], bytes | None]
        if isinstance(source, CertificateHeader):
            proxies = TrustedProxies(shared.get("TRUSTED_PROXIES"), shared.get("PROXY_SECRET"))
            self._read = partial(_from_header, source, proxies)
        else:
            self._read = _from_tls if source == "tls" else partial(_from_function, source)

    def prove(self, value: Any, token: VerifiedToken, request: Any, binding: Binding) -> Proved:
        """Check that the client's certificate is the one whose SHA-256 thumbprint is *value*.

        Raises ``InvalidTokenError``: a certificate that can't be read is a wrong one.
        """
        try:
            digest = self._read(request)
        except ValueError as error:
            forget_frames(error)
            raise InvalidTokenError("wrong_certificate") from error
        if digest is None:
            raise InvalidTokenError("missing_certificate")
        expected = value if isinstance(value, str) else ""
        if not compare_digest(encode_base64url(digest).encode(), expected.encode(errors="replace")):
            raise InvalidTokenError("wrong_certificate")
        return _PROVED


def check_proxies(shared: Mapping[str, Any], label: str = "{}") -> None:
    """Raise ``ConfigurationError`` for a certificate's header that anybody could send, and for settings without use."""
    given = [name for name in _PROXY_SETTINGS if name in shared]
    source, secret = shared.get("CLIENT_CERTIFICATE"), shared.get("PROXY_SECRET")
    if not isinstance(source, CertificateHeader):
        if given:
            raise ConfigurationError(
                f"{label.format(given[0])} has no effect unless {label.format('CLIENT_CERTIFICATE')} names a header"
            )
        return
    if not given:
        raise ConfigurationError(
            f"{label.format('CLIENT_CERTIFICATE')}: anybody could send the header {source.header}; say whom to "
            f"believe: {label.format('TRUSTED_PROXIES')}, the networks of your proxies, or "
            f"{label.format('PROXY_SECRET')}; ANY_PROXY as the former believes all, where nobody else gets through"
        )
    if len(given) > 1:
        raise ConfigurationError(" and ".join(map(label.format, given)) + " exclude each other: keep one")
    if secret is not None and secret.header.lower() == source.header.lower():
        raise ConfigurationError(f"{label.format('PROXY_SECRET')}: its HEADER is the certificate's own")


def _from_header(source: CertificateHeader, proxies: TrustedProxies, request: Request) -> bytes | None:
    values = request.values(source.header)
    if not values:
        return None
    if (why := proxies.distrust(request)) is not None:
        raise InvalidTokenError("missing_certificate") from ValueError(why)
    if len(values) > 1:
        raise ValueError("the request has two headers with certificates")
    return digest_of(source.form, values[0])


def _from_tls(request: Request) -> bytes | None:
    return _digest(request.certificate)


def _from_function(function: Callable[[Any], Any], request: Request) -> bytes | None:
    return _digest(ask(function, request))


def _digest(certificate: Any) -> bytes | None:
    """Return the digest of a certificate in PEM or, as ``bytes``, in DER."""
    if certificate is None or certificate in ("", b""):
        return None
    if isinstance(certificate, str):
        return digest_of("pem", certificate.strip())
    if isinstance(certificate, bytes):
        is_pem = certificate.lstrip().startswith(b"-----BEGIN")
        return (
            digest_of("pem", certificate.decode("latin-1").strip())
            if is_pem
            else sha256(certificate).digest()
        )
    raise ValueError("expected a certificate in PEM, in DER as bytes, or None")
