"""A key store in a directory, for the processes of one machine."""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import suppress
from hashlib import sha256
from math import inf
from pathlib import Path

__all__ = ["FileStore"]

_LONGEST_LEASE = 600.0
_BETWEEN_SWEEPS = 60.0  # seconds
_RECORD = re.compile(r"[0-9a-f]{64}\.keys")


class FileStore:
    """Keeps each record in a file of its own in *directory*, readable by this user only.

    Records are replaced atomically: a reader sees the old one or the new one. The directory is created for the first
    record. The time of a file is the end of its record, after which it is removed sooner or later.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = Path(directory)
        self._swept_at = -inf

    def get(self, name: str) -> bytes | None:
        """Return the record under *name*; raise ``OSError`` for one that this user did not write.

        Others may be able to write to the directory, as in ``/tmp``.
        """
        try:
            with open(self._path(name, ".keys"), "rb", opener=_without_links) as file:
                if os.name == "posix" and os.fstat(file.fileno()).st_uid != os.geteuid():
                    raise PermissionError("the record is another user's")
                return file.read()
        except FileNotFoundError:
            return None

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Replace the record. It is there for *ttl* seconds at least; readers judge its age."""
        now = time.time()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file 0600, in the same directory so that the rename is atomic.
        handle, temporary = tempfile.mkstemp(dir=self._directory, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(value)
            os.utime(temporary, (now, now + ttl))
            os.replace(temporary, self._path(name, ".keys"))
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        self._sweep(now)

    def lease(self, name: str, ttl: float) -> bool:
        """Take the lease for *ttl* seconds; return whether it was free."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, now = self._path(name, ".lease"), time.time()
        with suppress(FileNotFoundError):
            # The file's time is the end of the lease. If it is further away than a lease lasts, the clock was set back.
            if not now < path.stat().st_mtime <= now + max(ttl, _LONGEST_LEASE):
                path.unlink()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        os.utime(path, (now, now + ttl))
        return True

    def _sweep(self, now: float) -> None:
        """Remove the records whose time is over: there may be one for each token that was seen."""
        if 0 <= now - self._swept_at < _BETWEEN_SWEEPS:
            return
        self._swept_at = now
        with suppress(OSError), os.scandir(self._directory) as entries:
            for entry in entries:
                if _RECORD.fullmatch(entry.name):
                    with suppress(OSError):
                        if entry.stat(follow_symlinks=False).st_mtime <= now:
                            os.unlink(entry.path)

    def _path(self, name: str, suffix: str) -> Path:
        return self._directory / (sha256(name.encode()).hexdigest() + suffix)


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
