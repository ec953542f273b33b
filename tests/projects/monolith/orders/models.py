"""An order is its customer's; others are given permission for it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models


class Order(models.Model):
    """An order."""

    customer: Any = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    text: Any = models.CharField(max_length=50)
