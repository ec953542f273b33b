"""The users of django-helusers, which have a ``uuid``."""

from helusers.models import AbstractUser


class User(AbstractUser):
    """A person."""
