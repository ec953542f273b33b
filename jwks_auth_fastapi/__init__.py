"""jwks-auth for Fastapi."""
