"""A Django project for tests: the contract's routes in each of Django's ways to write a view.

Importing it loads Django, once, whichever test asks first.
"""

import os

import django
from django.conf import settings as django_settings
from django.test.utils import setup_test_environment

if not django_settings.configured:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django_site.settings"
    django.setup()
    setup_test_environment()  # as Django's test runner and pytest-django do
    # Processes that other tests start have projects of their own.
    del os.environ["DJANGO_SETTINGS_MODULE"]
