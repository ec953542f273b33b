"""Permissions of a user without a row: each backend is asked, and one that needs a row says no."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from django.contrib.auth import get_backends
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError

from jwks_auth.adapters import fields
from jwks_auth_django.internals import NoPermissionsStored

__all__ = ["PermissionsOfBackends"]

log = logging.getLogger("jwks_auth.django")

_PERMISSIONS: Any = PermissionsMixin


class PermissionsOfBackends(NoPermissionsStored):
    """The questions of ``PermissionsMixin``, answered where a backend raises an error for want of a row, too."""

    has_perms = _PERMISSIONS.has_perms
    ahas_perms = _PERMISSIONS.ahas_perms

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return whether a backend says that this user has the permission, for *obj* if given."""
        return any(self._answers("has_perm", perm, obj))

    async def ahas_perm(self, perm: str, obj: Any = None) -> bool:
        """Do as :meth:`has_perm`."""
        return await _any(self._aanswers("ahas_perm", perm, obj))

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether a backend says that this user has any permission in the app."""
        return any(self._answers("has_module_perms", app_label))

    async def ahas_module_perms(self, app_label: str) -> bool:
        """Do as :meth:`has_module_perms`."""
        return await _any(self._aanswers("ahas_module_perms", app_label))

    def get_user_permissions(self, obj: Any = None) -> set[str]:
        """Return the user's own permissions, of all backends."""
        return _together(self._answers("get_user_permissions", obj))

    async def aget_user_permissions(self, obj: Any = None) -> set[str]:
        """Do as :meth:`get_user_permissions`."""
        return _together([each async for each in self._aanswers("aget_user_permissions", obj)])

    def get_group_permissions(self, obj: Any = None) -> set[str]:
        """Return the permissions of the user's groups, of all backends."""
        return _together(self._answers("get_group_permissions", obj))

    async def aget_group_permissions(self, obj: Any = None) -> set[str]:
        """Do as :meth:`get_group_permissions`."""
        return _together([each async for each in self._aanswers("aget_group_permissions", obj)])

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        """Return all permissions, of all backends."""
        return _together(self._answers("get_all_permissions", obj))

    async def aget_all_permissions(self, obj: Any = None) -> set[str]:
        """Do as :meth:`get_all_permissions`."""
        return _together([each async for each in self._aanswers("aget_all_permissions", obj)])

    def _answers(self, question: str, *asked: Any) -> Iterator[Any]:
        for backend in _asked(question):
            try:
                yield getattr(backend, question)(self, *asked)
            except PermissionDenied:  # Django's way to stop here
                return
            except DatabaseError:
                raise
            except Exception as error:  # noqa: BLE001 - of the project's backend, which may know rows alone
                _tell(backend, error)

    async def _aanswers(self, question: str, *asked: Any) -> AsyncIterator[Any]:
        for backend in _asked(question):
            try:
                yield await getattr(backend, question)(self, *asked)
            except PermissionDenied:
                return
            except DatabaseError:
                raise
            except Exception as error:  # noqa: BLE001 - of the project's backend, which may know rows alone
                _tell(backend, error)


def _asked(question: str) -> Iterator[Any]:
    return (backend for backend in get_backends() if hasattr(backend, question))


def _tell(backend: Any, error: Exception) -> None:
    # Only the kind of error: its message may quote the user's name.
    kind = type(error).__name__
    told = fields("permissions_failed", kind=kind)
    log.warning("%s can't judge a user without a row: %s", type(backend).__name__, kind, extra=told)


def _together(answers: Iterable[Iterable[str]]) -> set[str]:
    return {permission for each in answers for permission in each}


async def _any(answers: AsyncIterator[Any]) -> bool:
    async for answer in answers:
        if answer:
            return True
    return False
