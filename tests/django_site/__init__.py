"""A Django project for tests: the contract's routes in each of Django's ways to write a view.

Importing it loads Django, once, whichever test asks first.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.django_site.settings")
django.setup()
