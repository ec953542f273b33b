"""Users are named by e-mail, and deleted softly; each has a profile, which a signal makes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.signals import post_save
from django.dispatch import receiver


class Team(models.Model):
    """A team of the shop."""

    name: Any = models.CharField(max_length=50)


class Present(BaseUserManager["User"]):
    """Knows the users who were not deleted."""

    def get_queryset(self) -> Any:
        """Those without a date of deletion."""
        return super().get_queryset().filter(deleted_at=None)

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> Any:
        """Return a new user, whose address is in lower case."""
        if not email:
            raise ValueError("users need an e-mail address")
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> Any:
        """Return a new superuser."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractUser):
    """A customer or an employee."""

    username: Any = None
    email: Any = models.EmailField(unique=True)
    team: Any = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True)
    deleted_at: Any = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = Present()
    everyone: ClassVar[Any] = models.Manager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []


class Profile(models.Model):
    """The preferences of a user."""

    user: Any = models.OneToOneField(User, models.CASCADE)
    number: Any = models.CharField(max_length=50, blank=True)


@receiver(post_save, sender=User)
def make_profile(instance: User, created: bool, **kwargs: Any) -> None:
    """Give each new user a profile."""
    if created:
        Profile.objects.create(user=instance)
