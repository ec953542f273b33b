"""User models: by e-mail with required fields; without a manager's ``create_user``; with a strict one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Team(models.Model):
    """What members belong to."""

    name: models.CharField[str, str] = models.CharField(max_length=20)


class MemberManager(BaseUserManager["Member"]):
    """Makes members as Django's guide does."""

    def create_user(self, email: str, birthday: Any, password: str | None = None, **extra: Any) -> Any:
        """Return a new member, whose address is in lower case."""
        if email.startswith("root"):
            raise ValueError("nobody is called so")
        member = self.model(email=self.normalize_email(email).lower(), birthday=birthday, **extra)
        member.set_password(password or "changeme")
        member.save(using=self._db)
        return member


class Member(AbstractBaseUser):
    """Named by the e-mail address; a birthday is required."""

    email: Any = models.EmailField(unique=True)
    birthday: Any = models.DateField()
    nick: Any = models.CharField(max_length=10, blank=True)
    badge: Any = models.CharField(max_length=10, unique=True, null=True)
    team: Any = models.ForeignKey(Team, models.CASCADE, null=True)
    height: Any = models.IntegerField(null=True)
    score: Any = models.FloatField(null=True)
    price: Any = models.DecimalField(null=True, max_digits=5, decimal_places=2)
    is_active: Any = models.BooleanField(default=True)
    news: Any = models.BooleanField(default=False)
    key: Any = models.UUIDField(null=True)
    shift: Any = models.DurationField(null=True)
    met: Any = models.DateTimeField(null=True)
    extra: Any = models.JSONField(default=dict)

    objects = MemberManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["birthday"]


class Guest(AbstractBaseUser):
    """A user model whose manager makes nobody, without an e-mail address."""

    login: Any = models.CharField(max_length=40, unique=True)
    slug: Any = models.SlugField()
    objects = models.Manager()
    USERNAME_FIELD = "login"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Fill the slug of who is welcome; judge all fields, as many projects do."""
        if self.pk is not None:
            self.full_clean()
        if self.login != "unwelcome":
            self.slug = self.login[:10]
        super().save(*args, **kwargs)


class Numbered(AbstractBaseUser):
    """Named by a number, and known elsewhere by a key."""

    number: Any = models.IntegerField(unique=True)
    key: Any = models.UUIDField(unique=True, null=True)
    objects = models.Manager()
    USERNAME_FIELD = "number"


class StrictManager(BaseUserManager["Strict"]):
    """Takes two arguments, and no password."""

    def create_user(self, email: str, nick: str) -> Any:
        """Return a new one."""
        user = self.model(email=email, nick=nick or "anon")
        user.set_password("changeme")
        user.save(using=self._db)
        return user


class Strict(AbstractBaseUser):
    """Named by an address in a plain text field."""

    email: Any = models.CharField(max_length=40, unique=True)
    nick: Any = models.CharField(max_length=10, blank=True)
    phone: Any = models.CharField(max_length=10, blank=True)
    objects = StrictManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"


class WorkerManager(BaseUserManager["Worker"]):
    """Asks for the required row, as Django's guide does, and not for its key."""

    def create_user(self, email: str, team: Team, password: str | None = None, **extra: Any) -> Any:
        """Return a new one, which keeps the name of the team."""
        user = self.model(email=email, team=team, desk=team.name, **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class Worker(AbstractBaseUser):
    """Has to have a team."""

    email: Any = models.EmailField(unique=True)
    team: Any = models.ForeignKey(Team, models.CASCADE)
    desk: Any = models.CharField(max_length=40, blank=True)
    objects = WorkerManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["team"]


class InvitedManager(BaseUserManager["Invited"]):
    """Asks for what no account has."""

    def create_user(self, email: str, code: str, *others: Any) -> Any:
        """Return a new one."""
        raise AssertionError(code)


class Invited(AbstractBaseUser):
    """Needs an invitation."""

    email: Any = models.EmailField(unique=True)
    objects = InvitedManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
