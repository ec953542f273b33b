"""A project that moved here from other packages, whose accounts are found by the habits of each."""
