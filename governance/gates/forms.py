"""What people send to set a gate."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.catalog.models import Stage
from governance.gates import modes
from governance.gates.models import Mode

# The field that a refusal is about.
FIELDS = {
    "reason_required": "reason",
    "until_without_use": "until",
    "until_required": "until",
    "until_out_of_range": "until",
    "production_is_enforced": "stage",
}


class ModeForm(forms.Form):
    """What a no does at a stage, why, and until when."""

    stage = forms.ChoiceField(
        label=_("Stage"),
        choices=Stage.choices,
        initial=Stage.PILOT,
        help_text=_("Production is always enforced."),
    )
    mode = forms.ChoiceField(label=_("What a no does"), choices=Mode.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Why the gate is set so"),
        max_length=modes.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stands beside every answer of the gate meanwhile."),
    )
    until = forms.DateField(
        label=_("Until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("For warn and observe, at most 90 days ahead; then it is enforced again by itself."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = timezone.now()
        self.latest = self.now + modes.LONGEST

    def clean_until(self) -> dt.datetime | None:
        """The end of the day where the person is; on the last day that is possible, the last moment that is."""
        day: dt.date | None = self.cleaned_data["until"]
        if day is None:
            return None
        ends = dt.datetime.combine(day, dt.time(23, 59, 59), tzinfo=timezone.get_current_timezone())
        return min(ends, self.latest) if day == timezone.localtime(self.latest).date() else ends
