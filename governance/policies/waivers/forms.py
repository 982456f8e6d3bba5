"""What people send about waivers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from governance.web.sentences import LONGEST_REASON, SHORTEST_REASON
from governance.web.templatetags import figures


class AskForm(forms.Form):
    """Why, what instead, until when; and where only some findings are meant, which."""

    reason = forms.CharField(
        label=_("Why it is waived"),
        min_length=SHORTEST_REASON,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Why it may run although this does not hold. It is shown wherever the requirement is."),
    )
    compensating_control = forms.CharField(
        label=_("What stands in its place meanwhile"),
        min_length=SHORTEST_REASON,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The compensating control: what is done, and by whom, until it holds."),
    )
    until = forms.DateField(label=_("Until the end of"), widget=forms.DateInput(attrs={"type": "date"}))
    findings = forms.MultipleChoiceField(
        label=_("Only these findings"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Choose some, and the waiver ends as soon as an audit finds anything else. Choose none, and it covers the"
            " whole requirement."
        ),
    )

    def __init__(self, *args: Any, days: int, found: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = timezone.now()
        self.latest = self.now + dt.timedelta(days=days)
        self.days = days
        last = timezone.localtime(self.latest).date()
        until = self.fields["until"]
        until.widget.attrs |= {"min": timezone.localtime(self.now).date().isoformat(), "max": last.isoformat()}
        said = ngettext("At most %(n)s day: up to %(last)s.", "At most %(n)s days: up to %(last)s.", days)
        until.help_text = said % {"n": days, "last": figures.day(last)}
        if found:
            self.fields["findings"].choices = list(found)  # type: ignore[attr-defined]
        else:
            del self.fields["findings"]

    def clean_until(self) -> dt.datetime:
        """The end of the day where the person is; on the last day that is possible, the last moment that is."""
        day: dt.date = self.cleaned_data["until"]
        today, last = timezone.localtime(self.now).date(), timezone.localtime(self.latest).date()
        if day > last:
            away = ngettext(
                "%(day)s is %(n)s day away. Choose a day up to %(last)s.",
                "%(day)s is %(n)s days away. Choose a day up to %(last)s.",
                (day - today).days,
            )
            raise forms.ValidationError(
                away % {"day": figures.day(day), "n": (day - today).days, "last": figures.day(last)}
            )
        if day < today:
            raise forms.ValidationError(
                gettext("%(day)s has passed. Choose a day up to %(last)s.")
                % {"day": figures.day(day), "last": figures.day(last)}
            )
        ends = dt.datetime.combine(day, dt.time(23, 59, 59), tzinfo=timezone.get_current_timezone())
        return min(ends, self.latest)


class AnswerForm(forms.Form):
    """The waiver as the person saw it, and why."""

    edition = forms.IntegerField(min_value=1, max_value=2**31, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=LONGEST_REASON, required=False, strip=True)
