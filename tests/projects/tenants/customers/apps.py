"""The application of tenants."""

from django.apps import AppConfig

__all__ = ["CustomersConfig"]


class CustomersConfig(AppConfig):
    """Shared by all schemas."""

    name = "tests.projects.tenants.customers"
    label = "customers"
