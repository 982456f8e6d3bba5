"""The frame of a page: rooms, languages, people, and the fields of a form."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from governance.web.templatetags.words import plain

library = template.Library()

# The rooms that a person walks through: key, name, the page's URL name. A room without a page is not shown.
ROOMS: tuple[tuple[str, str | Promise, str], ...] = (
    ("inbox", pgettext_lazy("room", "Inbox"), "portal:inbox"),
    ("catalogue", pgettext_lazy("room", "Catalogue"), "catalog:entries"),
    ("submissions", pgettext_lazy("room", "Submissions"), "reviews:submissions"),
    ("runs", pgettext_lazy("room", "Runs"), "evidence:runs"),
    ("use-cases", pgettext_lazy("room", "Use cases"), "catalog:use-cases"),
    ("licences", pgettext_lazy("room", "Licences"), "licensing:licences"),
    ("policies", pgettext_lazy("room", "Policies"), "policies:policies"),
    ("waivers", pgettext_lazy("room", "Waivers"), "policies:waivers"),
    ("reports", pgettext_lazy("room", "Reports"), "reports:editions"),
)
LANGUAGE_NAMES = {"en": "English", "ru": "Русский"}


@library.inclusion_tag("components/field.html")
def field(bound: BoundField, hint: object = "") -> dict[str, Any]:
    """A form's field with label, help and errors; see ``components/field.html``."""
    kind = getattr(bound.field.widget, "input_type", "")
    grouped = bool(bound.use_fieldset)
    attrs: dict[str, str | bool] = {}
    if not grouped and kind not in ("checkbox", "radio", "file", "hidden"):
        attrs["class"] = "input"
    return {
        "field": bound,
        "widget": bound.as_widget(attrs=attrs),
        "grouped": grouped,
        "single": kind == "checkbox" and not grouped,
        "hidden": bound.is_hidden,
        "hint": hint or bound.help_text,
    }


@library.simple_tag
def rooms() -> list[dict[str, Any]]:
    """The rooms that have a page: key, label, url."""
    found = []
    for key, label, name in ROOMS:
        try:
            found.append({"key": key, "label": label, "url": reverse(name)})
        except NoReverseMatch:  # an installation, or a build, without this room
            continue
    return found


@library.simple_tag
def product_name() -> str:
    return str(getattr(settings, "PRODUCT_NAME", "Assay"))


@library.simple_tag
def languages() -> list[dict[str, str]]:
    """The languages of the product, each named in itself."""
    return [{"code": code, "name": LANGUAGE_NAMES.get(code, code)} for code, _name in settings.LANGUAGES]


@library.filter
def person(user: object) -> str:
    """How a person is called: the full name, or what there is of a name."""
    full = getattr(user, "get_full_name", None)
    for text in (full() if callable(full) else "", getattr(user, "email", ""), user):
        if plain(text):
            return plain(text)
    return ""


@library.filter
def initials(user: object) -> str:
    """Up to two letters for the round mark of a person."""
    name = person(user).partition("@")[0]
    parts = [part for part in name.replace(".", " ").replace("-", " ").split() if part[0].isalnum()]
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper() or "?"
