"""Three real web apps, an embedded issuer, one table: ``make demo``."""
