"""Certificate authorities that are trusted if no TLS context is given.

They are the system's, those in ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE``, and those in a file of the service's own.
A machine without any uses certifi's, which ``requests`` installs.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache

import certifi

from jwks_auth.challenge import shown
from jwks_auth.errors import ConfigurationError

__all__ = ["SealedContext", "UnreadableAuthorities", "check_ca_file", "trusting"]

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class UnreadableAuthorities(ssl.SSLError):
    """A file of authorities can't be read, or holds none."""

    def __init__(self, name: str, path: str, why: str) -> None:
        super().__init__(f"{name} {shown(path)} {why}")
        self.found = f"{shown(path)}, which {why}"
        self.text = f"{name} {shown(path)} {why}"


def check_ca_file(path: str | os.PathLike[str] | None) -> None:
    """Raise ``ConfigurationError`` for a file that can't be read or holds no certificate."""
    if path is None:
        return
    try:
        _add(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "ca_file", os.fspath(path))
    except UnreadableAuthorities as exc:
        raise ConfigurationError(f"ca_file: found {exc.found}; expected a file of PEM certificates") from exc
    except TypeError:
        raise ConfigurationError(f"ca_file: found a {type(path).__name__}, expected a path") from None


def trusting(ca_file: str | os.PathLike[str] | None = None) -> ssl.SSLContext:
    """Return the context that trusts these authorities; read their files again when one has changed.

    Raises :class:`UnreadableAuthorities` for a file that can no longer be read.
    """
    named = [(name, os.environ[name]) for name in _BUNDLES if os.environ.get(name)][:1]
    if ca_file is not None:
        named.append(("ca_file", os.fspath(ca_file)))
    return _context(_system(), tuple((*each, _changed(*each)) for each in named))


@lru_cache(maxsize=16)
def _context(system: tuple[tuple[str, int], ...], named: tuple[tuple[str, str, int], ...]) -> ssl.SSLContext:
    # Python's own default, not requests': it honours SSL_CERT_FILE and the system's certificates. Reading those takes
    # more than ten times the CPU of the rest of a fetch, so they are read again only when they change.
    context = ssl.create_default_context()
    if _is_bare(context):
        _add(context, "certifi's", certifi.where())
    for name, path, _ in named:
        _add(context, name, path)
    return context


def _is_bare(context: ssl.SSLContext) -> bool:
    """Return whether this machine has no authorities in the places where Python looks for them."""
    folder = ssl.get_default_verify_paths().capath  # OpenSSL reads its files when it needs them
    return not context.cert_store_stats()["x509_ca"] and (folder is None or not os.listdir(folder))


def _system() -> tuple[tuple[str, int], ...]:
    paths = ssl.get_default_verify_paths()
    found = [path for path in (paths.cafile, paths.capath) if path] or [certifi.where()]
    return tuple((path, os.stat(path).st_mtime_ns) for path in found)


def _changed(name: str, path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError as exc:
        raise _unreadable(name, path, exc) from None


def _add(context: ssl.SSLContext, name: str, path: str) -> None:
    try:
        if os.path.isdir(path) and name in _BUNDLES:
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ValueError) as exc:  # ssl.SSLError is an OSError
        raise _unreadable(name, path, exc) from None


def _unreadable(name: str, path: str, error: Exception) -> UnreadableAuthorities:
    if isinstance(error, ssl.SSLError | ValueError):
        return UnreadableAuthorities(name, path, "holds no certificate that can be read")
    why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return UnreadableAuthorities(name, path, f"can't be read ({why.lower()})")


class SealedContext:
    """A caller's TLS context, read-only for urllib3, which otherwise changes it.

    urllib3 sets ``verify_mode``, ALPN and certificate authorities on the context it is given. ``check_hostname`` reads
    as true, so that urllib3 adds no check of its own.
    """

    check_hostname = True

    def __init__(self, context: ssl.SSLContext) -> None:
        self.wrap_socket = context.wrap_socket
        self.wrap_bio = context.wrap_bio
        self._verify_mode = context.verify_mode

    @property
    def verify_mode(self) -> ssl.VerifyMode:
        """The context's."""
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, mode: object) -> None:
        """Ignored."""

    def load_verify_locations(self, *args: object, **kwargs: object) -> None:
        """Ignored."""

    def set_alpn_protocols(self, protocols: object) -> None:
        """Ignored."""
