"""A key store in a directory, for the processes of one machine."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

__all__ = ["FileStore"]

_LONGEST_LEASE = 600.0


class FileStore:
    """Keeps each record in a file of its own in *directory*, readable by this user only.

    Records are replaced atomically: a reader sees the old one or the new one. The directory is created for the first
    record.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = Path(directory)

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
        """Replace the record. *ttl* is not used: the file stays until it is replaced, and readers judge its age."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file 0600, in the same directory so that the rename is atomic.
        handle, temporary = tempfile.mkstemp(dir=self._directory, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(value)
            os.replace(temporary, self._path(name, ".keys"))
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise

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

    def _path(self, name: str, suffix: str) -> Path:
        return self._directory / (sha256(name.encode()).hexdigest() + suffix)


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
