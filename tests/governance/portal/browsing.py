"""A browser of somebody signed in, and the addresses that the portal's tests open."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from governance.catalog.models import Version
from governance.people.models import User
from tests.story import Story


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def version_address(version: Version) -> str:
    entry = version.entry
    return reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, version.revision])


def vote(client: Client, story: Story, value: str, reason: str = "") -> None:
    story.submission.refresh_from_db()
    sent = {"lane": "ethics", "vote": value, "reason": reason, "edition": story.submission.edition}
    assert client.post(reverse("reviews:vote", args=[story.submission.pk]), sent).status_code == 302
