"""What people send to a review."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.catalog.models import Stage, UseCase
from governance.evidence.models import Attachment
from governance.people.models import Lane
from governance.reviews.models import LONGEST_NOTE
from governance.web.sentences import LONGEST_REASON


class EditionForm(forms.Form):
    """The submission as the person saw it: a later change of it is told before anything is written."""

    edition = forms.IntegerField(min_value=1, max_value=2**31, widget=forms.HiddenInput)


class VoteForm(EditionForm):
    lane = forms.ChoiceField(choices=Lane.choices, error_messages={"required": _("Choose the lane you vote in.")})
    vote = forms.TypedChoiceField(
        coerce=int,
        choices=[("2", "2"), ("1", "1"), ("0", "0"), ("-1", "-1"), ("-2", "-2")],
        error_messages={"required": _("Choose what you say.")},
    )
    reason = forms.CharField(max_length=LONGEST_REASON, required=False, strip=True)


class ReasonForm(EditionForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed to return or reject, ten characters or more. The submitter reads it."),
    )


class OverrideForm(EditionForm):
    """What two administrators are to set aside, why, and for how long."""

    targets = forms.MultipleChoiceField(
        label=_("What is set aside"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("As it stands now: what comes to light afterwards counts all the same."),
        error_messages={"required": _("Choose what is to be set aside.")},
    )
    reason = forms.CharField(
        label=_("Why it cannot wait"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Ten characters or more. It stands wherever the gate is read."),
    )
    hours = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        choices=[("24", _("One day")), ("72", _("Three days")), ("168", _("Seven days, the longest"))],
        widget=forms.RadioSelect,
        initial="24",
    )

    def __init__(self, *args: Any, offered: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["targets"]
        field.choices = offered


class CommentForm(forms.Form):
    """What is said, and to what: ``submission``, ``card_line``, ``finding:<fingerprint>`` or ``decision:<number>``."""

    about = forms.CharField(max_length=80, error_messages={"required": _("Choose what it is about.")})
    line = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    # No longest here: browsers send two characters for the end of a line, which is one in what is kept.
    text = forms.CharField(strip=False, error_messages={"required": _("Write what you want to say.")})


class EvidenceForm(forms.Form):
    role = forms.ChoiceField(label=_("What it is"), choices=Attachment.Role.choices)
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        max_length=1000,
        help_text=_("For predictions: csv, csv.gz, jsonl or parquet, with the columns that the audit plan names."),
        error_messages={"required": _("Choose a file.")},
    )


class SubmitForm(forms.Form):
    """Which use case and stage a version is submitted for."""

    use_case = forms.ModelChoiceField(label=_("Use case"), queryset=UseCase.objects.none(), to_field_name="slug")
    stage = forms.ChoiceField(label=_("Stage"), choices=Stage.choices, initial=Stage.PROTOTYPE)
    note = forms.CharField(
        label=_("Note to the reviewers"),
        max_length=LONGEST_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What they should know that no audit says; it stays as it is once submitted."),
    )

    def __init__(self, *args: Any, use_cases: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["use_case"]
        field.queryset = use_cases
        field.label_from_instance = _with_tier


class DraftForm(SubmitForm, EditionForm):
    """A draft as the person saw it, and what it is to be."""


def _with_tier(use_case: UseCase) -> str:
    """The tier decides what is asked for, so it stands beside the name."""
    return gettext("%(name)s (tier: %(tier)s)") % {
        "name": use_case.name,
        "tier": use_case.get_tier_display().lower(),
    }


class PilotForm(forms.Form):
    """What a pilot showed, as the owner of the use case signs it."""

    started_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    ended_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    requests = forms.IntegerField(label=_("Requests"), min_value=0, max_value=2**53)
    complaints = forms.IntegerField(label=_("Complaints"), min_value=0, max_value=2**53)
    drift = forms.FloatField(
        label=_("Drift"),
        required=False,
        min_value=0,
        help_text=_("The largest that was measured; empty: not measured."),
    )
    cost_per_1000 = forms.FloatField(
        label=_("Cost of 1,000 requests"), required=False, min_value=0, help_text=_("Empty: not measured.")
    )
    rollback_drill_on = forms.DateField(
        label=_("Day of the rollback drill"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    file = forms.FileField(label=_("The file that this rests on"))
