"""Realistic Django projects, each run with its own settings and its own tests."""
