"""The directory in which a dev issuer keeps its keys, people and grants, so that tokens survive a restart."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from jwks_auth.challenge import shown
from jwks_auth.errors import ConfigurationError

__all__ = ["State"]

_VERSION = 1


class State:
    """One file in *directory*, which is made if it is missing; without a directory nothing is kept.

    Only its owner can read it, as it holds private keys. Each change replaces it as a whole. Raises
    ``ConfigurationError`` for a directory that can't be used, or that another process uses.
    """

    def __init__(self, directory: Path | None) -> None:
        self.path = None if directory is None else directory / "state.json"
        self._lock = -1
        if directory is not None:
            try:
                self._open(directory)
            except OSError as exc:
                reason = "another dev issuer uses it" if isinstance(exc, BlockingIOError) else exc.strerror
                raise ConfigurationError(f"--state {shown(str(directory))}: {reason}") from exc

    def _open(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock(self._lock)
            probe = directory / f".{secrets.token_hex(4)}"
            probe.touch(0o600)
            probe.unlink()
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Leave the directory to others."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def load(self) -> dict[str, Any]:
        """Return what was kept, ``{}`` if that is nothing; raise ``ConfigurationError`` for a file that is not ours."""
        if self.path is None or not self.path.exists():
            return {}
        try:
            found = json.loads(self.path.read_bytes())
            if found["version"] != _VERSION:
                raise ValueError
        except OSError as exc:
            raise ConfigurationError(f"--state {shown(str(self.path))}: {exc.strerror}") from exc
        except (ValueError, LookupError, TypeError, RecursionError):
            raise self.unusable() from None
        return dict(found)

    def unusable(self) -> ConfigurationError:
        """Return the error for a file whose content is not what a dev issuer writes."""
        return ConfigurationError(
            f"--state {shown(str(self.path))}: found no state of a dev issuer; remove it to begin anew"
        )

    def save(self, kept: Mapping[str, Any]) -> None:
        """Keep *kept* in place of what was there."""
        if self.path is None:
            return
        text = json.dumps({"version": _VERSION, **kept})
        beside = self.path.with_name(f".{secrets.token_hex(8)}")
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(file, "w") as opened:
                opened.write(text)
                opened.flush()
                os.fsync(opened.fileno())
            os.replace(beside, self.path)
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise


def _locking() -> Callable[[int], None]:
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows has none
        return lambda file: None
    return lambda file: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


lock = _locking()
