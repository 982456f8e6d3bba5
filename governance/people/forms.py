"""What the pages about people ask for. Rules are in the services; a form only reads."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from governance.people.models import Lane, Role, Scope, Team, User
from governance.people.services.tokens import LONGEST_TOKEN_DAYS

LANGUAGE_NAMES = {"en": "English", "ru": "Русский"}
LIVES = [7, 30, 90, 180, LONGEST_TOKEN_DAYS]


def password_field(label: Any, *, help_text: Any = "") -> forms.CharField:
    """A new password: spaces in it count, and the browser offers to make one."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, max_length=1024, strip=False, widget=widget, help_text=help_text)


def role_choices() -> list[tuple[str, Any]]:
    """Every role with the lane of a reviewer, as it is written and as it is called."""
    found: list[tuple[str, Any]] = []
    for role in Role:
        if role == Role.REVIEWER:
            found += [(f"{role.value}:{lane.value}", f"{role.label}: {lane.label}") for lane in Lane]
        else:
            found.append((role.value, role.label))
    return found


class LongSelect(forms.Select):
    """A list of several hundred choices: written at once, where a template for each would take a tenth of a second."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = str(value)
        options = ((key, mark_safe(" selected") if str(key) == chosen else "", label) for key, label in self.choices)
        listed = format_html_join("\n", '<option value="{}"{}>{}</option>', options)
        return format_html("<select{}>{}</select>", flatatt(self.build_attrs({"name": name}, attrs)), listed)


class PageForm(forms.Form):
    """One of several forms on a page: the ids of its fields begin with its own name."""

    prefix_of_ids = "id"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{self.prefix_of_ids}_%s")
        super().__init__(*args, **kwargs)


class TwicePassword(PageForm):
    """Two fields for one new password."""

    password = password_field(_("Password"), help_text=_("At least 12 characters. A few random words are good."))
    again = password_field(_("The same password again"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if {"password", "again"} <= set(cleaned) and cleaned["password"] != cleaned["again"]:
            self.add_error("again", _("This differs from the password above."))
        return cleaned


class SignInForm(forms.Form):
    """Reads what the sign-in page sends; the page draws its fields itself."""

    email = forms.CharField(max_length=254)
    password = forms.CharField(max_length=1024, strip=False)


class FirstStartForm(TwicePassword):
    code = forms.CharField(
        label=_("Code from the terminal"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )
    email = forms.EmailField(
        label=_("Your e-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    team = forms.CharField(
        label=_("Name of the first team"), max_length=120, help_text=_("Who owns use cases and models together.")
    )
    field_order = ["code", "email", "name", "team", "password", "again"]


class AcceptForm(TwicePassword):
    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "password", "again"]


# Where zones are named after places; the others are aliases and offsets (W-SU, Factory, Etc/GMT+3).
CONTINENTS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


def _places() -> set[str]:
    return {zone for zone in zoneinfo.available_timezones() if zone.startswith(CONTINENTS)}


class ProfileForm(PageForm):
    prefix_of_ids = "profile"
    name = forms.CharField(label=_("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    language = forms.ChoiceField(label=_("Language"))
    time_zone = forms.ChoiceField(label=_("Time zone"), widget=LongSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        languages: Any = self.fields["language"]
        languages.choices = [(code, LANGUAGE_NAMES.get(code, code)) for code, _name in settings.LANGUAGES]
        zones: Any = self.fields["time_zone"]
        kept = {zone for zone in (self.initial.get("time_zone"),) if zone}  # whoever has another one keeps it
        zones.choices = [(zone, zone) for zone in sorted(_places() | {"UTC"} | kept)]


class PasswordForm(TwicePassword):
    prefix_of_ids = "password"
    old = forms.CharField(
        label=_("Present password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["old", "password", "again"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("New password")


class TokenForm(PageForm):
    prefix_of_ids = "token"
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What it is for, such as the pipeline’s name."))
    scopes = forms.MultipleChoiceField(label=_("It may"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(label=_("Lives"), coerce=int, initial=90)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lives: Any = self.fields["days"]
        lives.choices = [(days, _("{days} days").format(days=days)) for days in LIVES]


class TeamChoice(PageForm):
    """The base of forms that choose one of the teams that somebody administers, or the organisation."""

    ORGANISATION = "the-whole-organisation"
    team = forms.ChoiceField(label=_("Team"))

    def __init__(self, *args: Any, teams: QuerySet[Team], everywhere: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {f"team-{team.pk}": team for team in teams}
        choices: list[tuple[str, Any]] = [(key, team.name) for key, team in self.teams.items()]
        field: Any = self.fields["team"]
        field.choices = [*choices, *([(self.ORGANISATION, _("The whole organisation"))] if everywhere else [])]

    def clean_team(self) -> Team | None:
        return self.teams.get(self.cleaned_data["team"])


class InviteForm(TeamChoice):
    prefix_of_ids = "invite"
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    roles = forms.MultipleChoiceField(label=_("Roles"), choices=role_choices, widget=forms.CheckboxSelectMultiple)
    field_order = ["email", "name", "team", "roles"]


class RoleForm(TeamChoice):
    prefix_of_ids = "role"
    person = forms.ModelChoiceField(label=_("Person"), queryset=User.objects.none())
    role = forms.ChoiceField(label=_("Role"), choices=role_choices)
    field_order = ["person", "role", "team"]

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["person"]
        field.queryset = people


class TeamForm(PageForm):
    prefix_of_ids = "team"
    name = forms.CharField(label=_("Name of the team"), max_length=120)
