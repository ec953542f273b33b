"""Recipes for frameworks without an adapter: the pages of docs/recipes, run with the real packages."""
