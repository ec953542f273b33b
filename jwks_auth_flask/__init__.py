"""jwks-auth for Flask."""
