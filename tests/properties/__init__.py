"""Properties that hold for any input, and comparisons with other libraries."""
