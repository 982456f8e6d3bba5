"""What people declare on pages."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.evidence.models import DecisionRecord


class DecisionRecordForm(forms.Form):
    """How a use case makes its model."""

    approach = forms.ChoiceField(label=_("The model is"), choices=DecisionRecord.Approach.choices)
    measured_errors = forms.CharField(
        label=_("Measured errors that this rests on"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Which errors, on which data, of which alternatives."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=5000, widget=forms.Textarea(attrs={"rows": 4}))
