"""Tenants in schemas of PostgreSQL (django-tenants), each with a host, an issuer and accounts of its own."""
