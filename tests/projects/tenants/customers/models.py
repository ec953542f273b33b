"""Customers, each with a schema, and their hosts."""

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

__all__ = ["Customer", "Domain"]


class Customer(TenantMixin):
    """A tenant."""

    name = models.CharField(max_length=100)
    auto_create_schema = True


class Domain(DomainMixin):
    """A tenant's host."""
