"""API keys in Django's database, by the recipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from tests.recipes.test_other_tokens import imported, outcome


@pytest.fixture
def keys(schema: None) -> Iterator[Any]:
    """The recipe's module, and its table."""
    with imported("api_keys") as module:
        with connection.schema_editor() as editor:
            editor.create_model(module.APIKey)
        try:
            yield module
        finally:
            module.APIKey.objects.all().delete()
            with connection.schema_editor() as editor:
                editor.delete_model(module.APIKey)


def test_api_keys_in_django_s_database(keys: Any) -> None:
    """Made, used, revoked; an unknown key goes nowhere else."""
    owner = get_user_model().objects.create_user("partner-of-keys")
    try:
        raw = keys.new_key(owner, "orders:read")
        assert outcome(keys.known, raw) == f"other api-keys {owner.pk} orders:read"
        assert raw not in str(list(keys.APIKey.objects.values()))
        assert outcome(keys.known, raw + "x") == "401 unknown_key"
        assert outcome(keys.known, "junk") == "401 malformed"
        keys.APIKey.objects.update(is_revoked=True)
        assert outcome(keys.known, raw) == "401 unknown_key"
    finally:
        keys.APIKey.objects.all().delete()
        owner.delete()
