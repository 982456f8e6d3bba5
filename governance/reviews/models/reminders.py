"""Reminders that were sent."""

from __future__ import annotations

from django.db import models


class Reminder(models.Model):
    """A reminder that was sent. Its key is unique: whoever else comes to send it finds it there."""

    key = models.CharField(max_length=80, unique=True)
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
