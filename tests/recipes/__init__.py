"""Recipes for frameworks without an adapter: the pages of docs/how-to/recipes, run with the real packages."""
