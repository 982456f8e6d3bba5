"""What people send to have an audit done, or a model tried."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audits.adapters.hearing import MOST_TOLD, TELLABLE
from audits.kinds.shown import MOST_BYTES, PICTURE_TYPES, SOUND_TYPES
from governance.evidence import takes
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
    """What somebody types, shows or plays to a model: a text or a row of features on each line, a picture or a sound.

    A model of sounds is only played sounds, and none is played to a model that takes something else by its task.
    """

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

    sound = forms.FileField(
        label=_("A sound"),
        required=False,
        allow_empty_file=True,
        max_length=1000,
        widget=forms.FileInput(attrs={"accept": ",".join(SOUND_TYPES)}),
        help_text=_("WAV (PCM or float) of at most 4 MB and 10 minutes, for a model in ONNX that takes samples."),
    )
    sampling_rate = forms.IntegerField(
        label=_("Samples in a second"), required=False, min_value=1, max_value=MOST_TOLD, help_text="sampling_rate"
    )
    window_samples = forms.IntegerField(
        label=_("Samples heard at a time"), required=False, min_value=1, max_value=MOST_TOLD, help_text="window_samples"
    )
    context_samples = forms.IntegerField(
        label=_("Samples of before that it hears again"),
        required=False,
        min_value=1,
        max_value=MOST_TOLD,
        help_text="context_samples",
    )

    def __init__(
        self,
        *args: Any,
        use_cases: Sequence[tuple[str, str]],
        models: Sequence[tuple[str, str]],
        takes_by_task: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if takes_by_task == takes.SOUND:
            self._leave_out("typed", "lines", "picture")
        elif takes_by_task:
            self._leave_out("sound", *TELLABLE)
        several = forms.Select(attrs={"class": "input"})
        self.fields["use_case"] = forms.ChoiceField(
            label=_("Use case"), choices=use_cases, widget=several if len(use_cases) > 1 else forms.HiddenInput()
        )
        if len(models) > 1:
            self.fields["model"] = forms.ChoiceField(label=_("Model"), choices=models, widget=several)

    def _leave_out(self, *names: str) -> None:
        for name in names:
            del self.fields[name]

    @property
    def asked_fields(self) -> list[forms.BoundField]:
        """All that is seen at once."""
        return [one for one in self.visible_fields() if one.name not in TELLABLE]

    @property
    def hearing_fields(self) -> list[forms.BoundField]:
        """What may be told of how a model hears; most models' files say it."""
        return [one for one in self.visible_fields() if one.name in TELLABLE]

    @property
    def hearing_is_told(self) -> bool:
        return any(one.errors or one.value() for one in self.hearing_fields)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed, picture, sound = str(cleaned.get("typed") or "").strip(), cleaned.get("picture"), cleaned.get("sound")
        given = [
            name for name, one in (("typed", typed), ("picture", picture), ("sound", sound)) if one not in ("", None)
        ]
        if len(given) > 1:
            self.add_error(given[-1], _("Ask about lines or about one file; empty the others."))
        elif not given and not self.errors:
            self._ask_for_something()
        # before bytes are taken into memory
        elif picture is not None and picture.size > MOST_BYTES:
            self.add_error("picture", _("A picture has at most 4 MB. Choose a smaller one."))
        elif sound is not None and sound.size > MOST_BYTES:
            self.add_error("sound", _("A sound has at most 4 MB. Choose a shorter one, or store it at a lower rate."))
        cleaned["hearing"] = {name: cleaned[name] for name in TELLABLE if cleaned.get(name)}
        return cleaned

    def _ask_for_something(self) -> None:
        if "typed" not in self.fields:
            self.add_error("sound", _("Choose a sound."))
        elif "sound" in self.fields:
            self.add_error("typed", _("Write at least one text or one row, or choose a picture or a sound."))
        else:
            self.add_error("typed", _("Write at least one text or one row, or choose a picture."))
