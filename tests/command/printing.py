"""A module that prints when it is imported."""

print("printed by the app")
app = 7
