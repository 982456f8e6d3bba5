"""What people send to have an audit done, or a model tried."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.evidence.models import Attachment


class AuditForm(forms.Form):
    """One file for each role that an audit reads; a role that has one already may be left as it is."""

    def __init__(
        self, *args: Any, roles: Sequence[Attachment.Role], attached: Collection[Attachment.Role], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for role in roles:
            self.fields[role.value] = forms.FileField(
                label=role.label,
                required=role not in attached,
                allow_empty_file=True,
                max_length=1000,
                error_messages={"required": _("Choose a file.")},
            )


class TrialForm(forms.Form):
    """What somebody types to a model: a text or a row of features on each line."""

    TEXTS, ROWS = "texts", "rows"

    typed = forms.CharField(
        label=_("What to ask"),
        widget=forms.Textarea(attrs={"rows": 4, "class": "input"}),
        max_length=40_000,
        strip=False,
        help_text=_("One on each line, at most 50."),
        error_messages={"required": _("Write at least one text or one row.")},
    )
    lines = forms.ChoiceField(
        label=_("Each line is"),
        choices=[(TEXTS, _("a text")), (ROWS, _("a row of features, with commas between"))],
        widget=forms.RadioSelect,
        initial=TEXTS,
    )

    def __init__(
        self, *args: Any, use_cases: Sequence[tuple[str, str]], models: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        several = forms.Select(attrs={"class": "input"})
        self.fields["use_case"] = forms.ChoiceField(
            label=_("Use case"), choices=use_cases, widget=several if len(use_cases) > 1 else forms.HiddenInput()
        )
        if len(models) > 1:
            self.fields["model"] = forms.ChoiceField(label=_("Model"), choices=models, widget=several)
