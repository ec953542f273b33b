"""Orders, and who may see them."""
