"""What the licence engine puts into its sentences, in the reader's language."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    # facts that a profile does not give
    "territory": _("the places of use"),
    "domicile": _("where the licensee is at home"),
    "modalities": _("what the work takes in: text, images, sound"),
    "mau": _("the number of users a month"),
    "mau_at_release": _("the number of users a month when it was released"),
    "revenue_usd_year": _("the revenue a year"),
    "purpose": _("the purpose of use"),
    "mode": _("the mode of use"),
    "actor": _("who owns the work"),
    "name": _("the name of the work"),
    # what follows
    "the use restrictions": _("its restrictions of use"),
    "the agreement itself": _("the agreement itself"),
    "redistribution": _("passing it on"),
    "sublicensing": _("granting rights to others"),
    "inclusion in another work": _("including it in another work"),
    # what is left open
    "a hosted service is granted on conditions": _("a service is granted on conditions"),
    "the table does not say whether use is restricted": _("the table does not say whether uses are forbidden"),
    "redistribution is conditional": _("passing it on is granted on conditions"),
    "redistribution is unstated": _("the text does not speak of passing it on"),
    "sublicensing is conditional": _("granting rights to others is allowed on conditions"),
    "sublicensing is unstated": _("the text does not speak of granting rights to others"),
    "an owner's declaration says nothing to others": _(
        "what an owner declares for their own work tells others nothing"
    ),
    "its licence is its owner's own declaration": _("it is declared as its owner’s own"),
    "the table has no reading for this relation": _("the table has no reading for this relation"),
    "the declared licence may or may not carry it": _("nobody has compared the declared licence with it"),
    "sharing the result": _("whether the result may be passed on"),
    "outputs under terms": _("what it generates stays under its terms"),
    "outputs are restricted, the table does not say how": _("what it generates is restricted in a way not read"),
    "who may use the outputs": _("who may use what it generates"),
    "no licence in the card, none in the files": _("the card declares none, and the files hold none"),
    "not given": _("not given"),
    "a text of its own that a reviewer has read": _("a text of its own, which a reviewer has read"),
    "whether the licence follows": _("whether the licence follows"),
    "whether the agreement itself follows": _("whether the agreement itself follows"),
    "whether the use restrictions follows": _("whether its restrictions of use follow"),
    "computational": _("for computation only"),
    "training-only": _("for training only"),
}


RESTRICTIONS = {
    "static": _("a list in the text: %(value)s"),
    "dynamic": _("a policy that its author may change: %(value)s"),
}
"""Kind of restrictions of use -> where they stand."""


def engine_value(value: str) -> str:
    """A value of the engine in words; what has none, such as a number or a name, as it is."""
    kind, colon, what = value.partition(":")
    if colon and kind in RESTRICTIONS:
        return str(RESTRICTIONS[kind]) % {"value": what}
    return str(WORDS.get(value, value))
