"""Jobs, each of the account that ordered it."""

from django.conf import settings
from django.db import models


class Job(models.Model):
    """Something to carry."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs")
    address = models.CharField(max_length=200)

    class Meta:
        app_label = "dispatch"

    def __str__(self):
        return self.address
