"""Django's projects of a few views, for tests of seams too."""

from tests.adapters.django.conftest import database, issuer, project, schema

__all__ = ["database", "issuer", "project", "schema"]
