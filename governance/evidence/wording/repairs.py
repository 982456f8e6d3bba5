"""Ways out of a licence conflict in words: what to do, and who can."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

from licenses.findings import ARTEFACT

SUBMITTER = _("who keeps the card")
MAKER = _("who makes the model")
RISK_OWNER = _("a risk officer, in the use case’s profile")
LICENSOR = _("who asks its owner")

SENTENCES = {
    "rename": (_("Rename it to %(name)s: the name has to begin with “%(prefix)s”."), SUBMITTER),
    "add_licence_text": (_("Add the text of the declared licence as a file named LICENSE."), SUBMITTER),
    "add_texts": (_("Add the text of %(licences)s to the files, each as a file of its own."), SUBMITTER),
    "add_notice": (_("Add a file named NOTICE that names %(works)s and %(licences)s."), SUBMITTER),
    "show_badge": (_("Show these words in the card: %(words)s."), SUBMITTER),
    "carry_restrictions": (_("Put the restrictions of use of %(licence)s into one’s own terms."), SUBMITTER),
    "declare": (_("Declare %(licence)s in the card."), SUBMITTER),
    "declare_and_rename": (_("Declare %(licence)s in the card and rename it to %(name)s."), SUBMITTER),
    "change_mode": (_("Limit the use to this mode: %(mode)s."), RISK_OWNER),
    "change_purpose": (_("Limit the use to this purpose: %(purpose)s."), RISK_OWNER),
    "drop": (_("Make it again without %(works)s."), MAKER),
    "ask_licensor": (_("Get permission from the owner of %(works)s for what %(licence)s does not grant."), LICENSOR),
}
"""Action -> what to do, and who can. Sentences take the parameters that the engine gives (``licenses.repairs``)."""

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
    action, target = str(repair.get("action", "")), str(repair.get("target", ""))
    if action == "several":
        steps = [repair_text(step) for step in params.get("steps", ())]
        return " ".join(said for said, _who in steps), "; ".join(dict.fromkeys(who for _said, who in steps if who))
    if action not in SENTENCES:
        return translated("%(action)s: %(target)s") % {"action": action.replace("_", " "), "target": target}, ""
    text, who = SENTENCES[action]
    return str(text) % _Given(params), str(who)


class _Given(dict[str, str]):
    """Parameters as they stand in a sentence. One that is missing is a question mark and no crash."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__({name: _shown(name, value) for name, value in params.items()})

    def __missing__(self, name: str) -> str:
        return "?"


def _shown(name: str, value: Any) -> str:
    if name in ("licences", "words") and isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if name == "works" and isinstance(value, (list, tuple)):
        works = [translated("this version") if one == ARTEFACT else str(one) for one in value]
        more = len(works) - MOST_WORKS
        listed = ", ".join(works[:MOST_WORKS])
        return listed if more <= 0 else listed + " " + translated("and %(n)s more") % {"n": more}
    return profile_value(value)


MOST_WORKS = 4
