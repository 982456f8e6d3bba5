"""Ways out of a licence conflict in words: what to do, and who can."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

SUBMITTER = _("who keeps the card")
MAKER = _("who makes the model")
RISK_OWNER = _("a risk officer, in the use case’s profile")
LICENSOR = _("who asks its owner")
LEGAL = _("a legal reviewer")

SENTENCES = {
    "declare": (_("Declare %(licence)s in the card."), SUBMITTER),
    "rename": (_("Rename it, so that its name begins with “%(prefix)s”."), SUBMITTER),
    "declare_and_rename": (
        _("Declare %(licence)s in the card and rename it, so that its name begins with “%(prefix)s”."),
        SUBMITTER,
    ),
    "drop": (_("Make it again without %(target)s."), MAKER),
    "replace": (_("Make it again with something else in the place of %(target)s."), MAKER),
    "change_purpose": (_("Limit the use to this purpose: %(value)s."), RISK_OWNER),
    "change_mode": (_("Limit the use to this mode: %(value)s."), RISK_OWNER),
    "change_territory": (_("Limit the places of use to: %(value)s."), RISK_OWNER),
    "ask_licensor": (_("Get a licence of one’s own from the owner of %(target)s."), LICENSOR),
    "add_licence_text": (_("Add the text of %(licence)s as a file named LICENSE."), SUBMITTER),
    "add_notice": (_("Add the notices of %(target)s as a file named NOTICE."), SUBMITTER),
    "carry_restrictions": (_("Put the restrictions of use of %(licence)s into one’s own terms."), SUBMITTER),
    "tell": (_("Say in the use case’s profile: %(value)s."), RISK_OWNER),
}
"""Action -> what to do, and who can. A sentence names what the engine names: target, licence, prefix, value."""

_VALUES = {
    "research": _("research"),
    "commercial": _("commercial"),
    "internal": _("internal use"),
    "saas": _("a service, nothing given out"),
    "redistribute_weights": _("giving weights out"),
    "redistribute_data": _("giving data out"),
    "redistribute_outputs": _("giving out what it generates"),
    "redistribute_code": _("giving code out"),
    "sublicense": _("granting rights to others"),
    "legalistic": _("by the letter"),
    "conservative": _("with caution"),
    "strict": _("strictly"),
}


def profile_value(value: object) -> str:
    """A word of a use profile, such as a purpose or a mode."""
    return str(_VALUES.get(str(value), value))


def repair_text(repair: Mapping[str, Any]) -> tuple[str, str]:
    """What to do and who can. An action without words is shown as it is, with its target."""
    params: Mapping[str, Any] = repair.get("params") or {}
    target = str(repair.get("target", ""))
    known = SENTENCES.get(str(repair.get("action")))
    if known is None:
        named = {"action": str(repair.get("action", "")).replace("_", " "), "target": target}
        return translated("%(action)s: %(target)s") % named, ""
    said = {
        "target": target,
        "licence": _first(params, "licence", "licence_name", "licence_id", "license", default=target),
        "prefix": _first(params, "prefix", "name_prefix", "name", "value", default=target),
        "value": profile_value(_first(params, "value", "to", "purpose", "mode", default=target)),
    }
    text, who = known
    return str(text) % said, str(who)


def _first(params: Mapping[str, Any], *names: str, default: str) -> str:
    return next((str(params[name]) for name in names if params.get(name)), default)
