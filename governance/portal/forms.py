"""What people send to have an audit done."""

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
