"""A browser of somebody signed in, and what licence pages are looked through for."""

from __future__ import annotations

import re
from html import unescape

from django.test import Client
from django.urls import reverse

SESSION, ROLES, INBOX = 2, 1, 1

WORDS = "The licensor has said so in writing."

STYLE = re.compile(rb"<[^>]* style=|<style|<script(?![^>]*src=)")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def address(version, name="licence") -> str:
    entry = version.entry
    return reverse(f"catalog:{name}", args=[entry.kind, entry.namespace, entry.name, version.revision])
