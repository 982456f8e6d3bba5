"""What people say about licences, as a browser sends it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.licensing import wording
from governance.licensing.models import LONGEST_OVERRIDE
from governance.licensing.services.said import MOST_TEXT
from governance.web.sentences import SHORTEST_REASON
from licenses.catalogue import Licence


class CorrectionForm(forms.Form):
    """Another value for one cell of the table."""

    column = forms.ChoiceField(label=_("Term"))
    value = forms.CharField(
        label=_("What the text says, as a word of the column"),
        max_length=500,
        required=False,
        help_text=_(
            "Empty where the column may be empty. A word that the column does not know is refused with a list."
        ),
    )
    source_ref = forms.CharField(label=_("Section of the text that says so"), max_length=500)
    reason = forms.CharField(
        label=_("Reason"),
        min_length=SHORTEST_REASON,
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Others rely on it; it stands beside the term."),
    )

    def __init__(self, *args: Any, licence: Licence, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (str(title), [(column, f"{wording.label(column)} ({column})") for column in columns])
            for _key, title, columns in wording.terms.GROUPS
        ]
        extra = ("mau_basis", "family", "kind", "evidence", "source_url")
        choices.append((str(_("About the row")), [(c, f"{wording.label(c)} ({c})") for c in extra]))
        field: Any = self.fields["column"]  # a ChoiceField
        field.choices = choices


class NoteForm(forms.Form):
    """A legal note on a clause, or on the whole licence."""

    column = forms.ChoiceField(label=_("On"), required=False)
    text = forms.CharField(
        label=_("Note"),
        min_length=SHORTEST_REASON,
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown on this page and at every finding that rests on the term, whichever model it is about."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = [column for _key, _title, several in wording.terms.GROUPS for column in several]
        field: Any = self.fields["column"]  # a ChoiceField
        field.choices = [("", _("the whole licence")), *((column, wording.label(column)) for column in columns)]


class ReasonForm(forms.Form):
    """Why something ends."""

    reason = forms.CharField(min_length=SHORTEST_REASON, max_length=MOST_TEXT)


class OverrideForm(forms.Form):
    """A finding that does not stand in the way until a day."""

    code = forms.CharField(max_length=40, widget=forms.HiddenInput)
    chain = forms.CharField(max_length=20_000, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Why it does not stand in the way"),
        min_length=SHORTEST_REASON,
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Others rely on it; it stands beside the finding, with your name."),
    )
    until = forms.DateField(
        label=_("Until"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("At most a year ahead. Then the finding counts again, by itself."),
    )

    def clean_chain(self) -> list[str]:
        try:
            chain = json.loads(self.cleaned_data["chain"])
        except (ValueError, RecursionError) as bad:
            raise forms.ValidationError(_("The form is not complete; load the page again.")) from bad
        if not isinstance(chain, list) or not chain or not all(isinstance(one, str) for one in chain):
            raise forms.ValidationError(_("The form is not complete; load the page again."))
        return chain

    def clean_until(self) -> dt.datetime:
        """The end of the day."""
        day: dt.date = self.cleaned_data["until"]
        last = (timezone.now() + LONGEST_OVERRIDE).date()
        if not timezone.now().date() < day <= last:
            raise forms.ValidationError(_("Choose a day after today and not later than %(last)s.") % {"last": last})
        return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


class TextForm(forms.Form):
    """That a licence text was read, and what it says."""

    path = forms.CharField(max_length=1000, strip=False, widget=forms.HiddenInput)
    sha256 = forms.RegexField(
        r"^[0-9a-fA-F]{64}$", label=_("SHA-256 of the text that you read"), required=False, max_length=64
    )
    note = forms.CharField(
        label=_("What it allows and asks for, in short"), min_length=SHORTEST_REASON, max_length=MOST_TEXT
    )


class DutyForm(forms.Form):
    """That an obligation is met, and how."""

    code = forms.CharField(max_length=40, widget=forms.HiddenInput)
    note = forms.CharField(label=_("How it is met"), min_length=SHORTEST_REASON, max_length=MOST_TEXT)
