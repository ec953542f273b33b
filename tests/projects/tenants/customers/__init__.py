"""The tenants and their hosts."""
