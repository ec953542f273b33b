"""A courier's dispatch: Django Ninja and Channels on async Django, under uvicorn."""
