"""The accounts of tokens."""

from __future__ import annotations

from typing import Any

from jwks_auth_django.users import DatabaseUsers

from .models import Profile


class Accounts(DatabaseUsers):
    """Leaves out who was banned, and writes a customer's number to the profile."""

    def verify(self, request: Any, token: Any) -> bool:
        """Whoever is not banned."""
        return not token.get("banned")

    async def create_user(self, request: Any, token: Any) -> Any:
        """Return a new user with a number."""
        from asgiref.sync import sync_to_async

        user = await sync_to_async(super().create_user)(request, token)
        await Profile.objects.filter(user=user).aupdate(number=token.get("customer_number", ""))
        return user
