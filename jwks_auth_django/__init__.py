"""jwks-auth for Django."""
