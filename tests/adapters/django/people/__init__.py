"""User models of projects' own, an app for tests."""
