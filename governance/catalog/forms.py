"""What people send to the catalogue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.catalog.models import SubjectKind, Tier, UseCase
from governance.people.models import Team
from licenses import cases

if TYPE_CHECKING:  # at run time the class takes no parameter
    UseCaseModelForm = forms.ModelForm[UseCase]
else:
    UseCaseModelForm = forms.ModelForm

NOT_GIVEN = [("", _("not given"))]


class ImportForm(forms.Form):
    """A repository of the Hub to import."""

    repo_id = forms.CharField(label=_("Repository id on the Hub"), max_length=300, help_text=_("namespace/name"))
    kind = forms.ChoiceField(label=_("Kind"), choices=SubjectKind.choices, initial=SubjectKind.MODEL)
    revision = forms.CharField(
        label=_("Commit"),
        max_length=40,
        required=False,
        help_text=_("40 hexadecimal digits; the newest commit if left empty."),
    )
    team = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=_("nobody: everybody sees it"),
        help_text=_("The team that alone sees it; needed for a private repository."),
    )

    def __init__(self, *args: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["team"]
        field.queryset = teams


class UseCaseForm(UseCaseModelForm):
    """A use case and the profile that licences are judged by."""

    profile_purpose = forms.ChoiceField(
        label=_("What for"),
        required=False,
        choices=[*NOT_GIVEN, ("research", _("research")), ("commercial", _("commercial"))],
    )
    profile_mode = forms.ChoiceField(
        label=_("How it is used"),
        required=False,
        choices=[
            *NOT_GIVEN,
            ("internal", _("inside the organisation")),
            ("saas", _("as a service to others")),
            ("redistribute_weights", _("its weights are passed on")),
            ("redistribute_data", _("its data are passed on")),
            ("redistribute_outputs", _("its outputs are passed on")),
            ("redistribute_code", _("its code is passed on")),
            ("sublicense", _("it is licensed on to others")),
        ],
    )
    profile_territory = forms.CharField(
        label=_("Where"), required=False, max_length=400, help_text=_("Country codes with commas, or WORLD.")
    )
    profile_mau = forms.IntegerField(label=_("Users a month"), required=False, min_value=0, max_value=10**10)
    profile_revenue_usd_year = forms.IntegerField(
        label=_("Revenue a year, US dollars"), required=False, min_value=0, max_value=10**14
    )
    profile_field = forms.CharField(
        label=_("Field of use"), required=False, max_length=200, help_text=_("For licences that exclude some fields.")
    )
    profile_strictness = forms.ChoiceField(
        label=_("Reading"),
        required=False,
        choices=[("", _("conservative")), *((value, value) for value in cases.STRICTNESS if value != "conservative")],
        help_text=_("How licences are read where they leave something open."),
    )
    edition = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    class Meta:
        model = UseCase
        fields = ("name", "slug", "purpose", "people_affected", "owner_team", "tier", "employment_decision_tool")
        widgets = {
            "purpose": forms.Textarea(attrs={"rows": 3}),
            "people_affected": forms.Textarea(attrs={"rows": 2}),
        }
        labels = {"slug": _("Name in commands"), "employment_decision_tool": _("Employment decision tool")}
        error_messages = {
            "slug": {"invalid": _("Write it with a to z, 0 to 9 and hyphens alone, such as home-loans.")},
        }
        help_texts = {
            "slug": _("Stands in addresses and commands; a to z, 0 to 9 and hyphens. It cannot be changed later."),
            "tier": _("How much harm a wrong answer can do. It decides which policies apply."),
            "employment_decision_tool": _(
                "It helps to decide whom to hire or promote. Summaries of its bias audits can then be published as New"
                " York City’s Local Law 144 asks; whether that law applies is for you to decide."
            ),
        }

    def __init__(self, *args: Any, teams: Any, profile: dict[str, Any] | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = {**profile_initial(profile or {}), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.kept = profile or {}
        owner: Any = self.fields["owner_team"]
        owner.queryset = teams
        tier: Any = self.fields["tier"]
        tier.choices = Tier.choices
        if self.instance.pk is not None:
            del self.fields["slug"]

    def validate_unique(self) -> None:
        """Left to the service, which tells it of every use case, not only of those that the person sees."""

    def profile(self) -> dict[str, Any]:
        """The licence profile as sent, with the keys of the stored one that the form does not show."""
        sent = self.cleaned_data
        made: dict[str, Any] = {key: value for key, value in self.kept.items() if key not in SHOWN}
        for key in SHOWN:
            value = sent.get(f"profile_{key}")
            if value not in (None, ""):
                made[key] = [part.strip() for part in value.split(",") if part.strip()] if key == "territory" else value
        return made


SHOWN = ("purpose", "mode", "territory", "mau", "revenue_usd_year", "field", "strictness")


def profile_initial(profile: dict[str, Any]) -> dict[str, Any]:
    """A stored profile as the form's fields show it."""
    shown = {}
    for key in SHOWN:
        value = profile.get(key)
        shown[f"profile_{key}"] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return shown


class AuditPlanForm(forms.Form):
    """The audit plan as the JSON document that audits read."""

    document = forms.CharField(
        label=_("Audit plan"),
        max_length=70_000,
        widget=forms.Textarea(attrs={"rows": 22, "spellcheck": "false"}),
        help_text=_("JSON. Its part bias names the columns, the groups, what is judged and by which limit."),
    )
    seen = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def clean_document(self) -> Any:
        try:
            return json.loads(self.cleaned_data["document"], parse_constant=_no_constant)
        except (ValueError, RecursionError) as wrong:
            told = getattr(wrong, "msg", None) or str(wrong)
            line, column = getattr(wrong, "lineno", None), getattr(wrong, "colno", None)
            where = _("line %(line)s, column %(column)s: ") % {"line": line, "column": column} if line else ""
            raise forms.ValidationError(
                _("%(where)s%(told)s. Mend the JSON there.") % {"where": where, "told": told}
            ) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number that JSON knows")


class LowerTierForm(forms.Form):
    """A wish to let a use case count as less risky."""

    tier = forms.ChoiceField(label=_("Lower tier"))
    reason = forms.CharField(
        label=_("Why it is less risky"),
        min_length=10,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A second risk officer or administrator decides on it."),
    )

    def __init__(self, *args: Any, tiers: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"] = forms.ChoiceField(
            label=self.fields["tier"].label, choices=[(one, Tier(one).label) for one in reversed(tiers)]
        )
        self.order_fields(("tier", "reason"))
