"""The documentation site: ``python -m docs_build`` builds it and checks it; a warning is an error."""
