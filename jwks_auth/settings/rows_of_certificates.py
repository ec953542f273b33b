"""The rows of settings for client certificates: where they stand, and the proxies that are believed."""

from __future__ import annotations

from jwks_auth.settings import readers_of_certificates as read
from jwks_auth.settings.setting import Setting, Taker

__all__ = ["CERTIFICATES"]

CERTIFICATES = (
    Setting(
        "CLIENT_CERTIFICATE",
        read.client_certificate,
        Taker.ANSWER,
        "where the client's certificate is: `tls`, the server's own connection; "
        '`{"HEADER": "Client-Cert", "FORMAT": "rfc9440"}`, a header of your proxy, or `FORMAT` `pem-urlencoded`, '
        "`pem`, `der-base64` or `xfcc`; or a function of the request's credentials, as a dotted path. See "
        "[Mutual TLS](../how-to/mtls.md)",
        default_doc="none",
    ),
    Setting(
        "TRUSTED_PROXIES",
        read.trusted_proxies,
        Taker.ANSWER,
        "the networks of the proxies whose header is read, as in `10.0.0.0/8`, by the address of the socket; "
        "`ANY_PROXY` reads anybody's, and has to be typed out",
        default_doc="none",
    ),
    Setting(
        "PROXY_SECRET",
        read.proxy_secret,
        Taker.ANSWER,
        '`{"HEADER": ..., "VALUE": ...}`: a header by which the proxy shows that it is yours, instead of '
        "`TRUSTED_PROXIES`: for unix sockets, and behind `--proxy-headers` or `ProxyFix`",
        default_doc="none",
        secret=True,
    ),
)
"""These rows, in the group of proofs."""
