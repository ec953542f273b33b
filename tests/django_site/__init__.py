"""A Django project for tests: the contract's routes in each of Django's ways to write a view.

Importing it loads Django, once, whichever test asks first.
"""

import os

import django
from django.conf import settings as django_settings

if not django_settings.configured:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django_site.settings"
    django.setup()
    # Processes that other tests start have projects of their own.
    del os.environ["DJANGO_SETTINGS_MODULE"]
