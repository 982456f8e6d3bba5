"""What people send to have an audit done, or a model tried."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audits.kinds.trial import MOST_PICTURE_BYTES, PICTURE_TYPES
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
    """What somebody types or shows to a model: a text or a row of features on each line, or a picture."""

    TEXTS, ROWS = "texts", "rows"

    typed = forms.CharField(
        label=_("What to ask"),
        widget=forms.Textarea(attrs={"rows": 4, "class": "input"}),
        max_length=40_000,
        strip=False,
        required=False,
        help_text=_("One on each line, at most 50."),
    )
    lines = forms.ChoiceField(
        label=_("Each line is"),
        choices=[(TEXTS, _("a text")), (ROWS, _("a row of features, with commas between"))],
        widget=forms.RadioSelect,
        initial=TEXTS,
        required=False,
    )
    picture = forms.FileField(
        label=_("Or a picture"),
        required=False,
        allow_empty_file=True,
        max_length=1000,
        widget=forms.FileInput(attrs={"accept": ",".join(PICTURE_TYPES)}),
        help_text=_("PNG, JPEG, WebP, BMP or GIF of at most 4 MB, for a model of pictures in ONNX."),
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

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed, picture = str(cleaned.get("typed") or "").strip(), cleaned.get("picture")
        if typed and picture is not None:
            self.add_error("picture", _("Ask about lines or about a picture; empty one of the two."))
        elif not typed and picture is None and not self.errors:
            self.add_error("typed", _("Write at least one text or one row, or choose a picture."))
        elif picture is not None and picture.size > MOST_PICTURE_BYTES:
            # before its bytes are taken into memory
            self.add_error("picture", _("A picture has at most 4 MB. Choose a smaller one."))
        return cleaned
