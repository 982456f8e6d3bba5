"""Under which names a licence goes, and what the Hub's own identifier says of it."""

from __future__ import annotations

from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

from licenses.catalogue import Licence, hub_identifiers, hub_name

STATUS = {
    "spdx_current": _("SPDX knows it by the same name: %(other)s."),
    "spdx_deprecated": _("SPDX has retired this name and reads it as %(other)s; it cannot say “or later” or “only”."),
    "renamed": _("SPDX calls the same licence %(other)s."),
    "licenseref": _("SPDX has no name for it; ScanCode’s list of texts has it, or one of its kin, as %(other)s."),
    "no_identifier": _("Neither SPDX nor ScanCode’s list of texts has a name for it."),
    "family": _("It names a family of licences and no text: which one is meant cannot be told."),
    "placeholder": _("It names no licence: another field of the card, or the files, have to say which."),
}
"""Status of a Hub identifier -> what follows for a reader."""


def names(licence: Licence) -> list[dict[str, str]]:
    """Label over value: what cards write, what the Hub's name means elsewhere, SPDX, other spellings."""
    number = len(hub_identifiers())
    known = hub_name(licence.id)
    if known is not None:
        said = translated("one of the Hub’s %(n)s identifiers") % {"n": number}
        hub = {"label": translated("On the Hub"), "code": f"license: {licence.id}", "value": said}
    else:
        said = translated("none of the Hub’s %(n)s identifiers: cards write “other” with a name") % {"n": number}
        hub = {"label": translated("On the Hub"), "code": "", "value": said}
    shown = [hub]
    if known is not None:
        meaning = str(STATUS[known.status]) % {"other": known.other}
        shown.append({"label": translated("That name elsewhere"), "code": "", "value": meaning})
    spdx = {"label": "SPDX", "code": licence.spdx, "value": "" if licence.spdx else translated("no identifier")}
    shown.append(spdx)
    if licence.aliases:
        said = translated("read as this licence, whatever the case of their letters")
        shown.append({"label": translated("Other spellings"), "code": ", ".join(licence.aliases), "value": said})
    return shown
