"""What a cell of the licence table says, as a sentence for people: one for each word that a column may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

GROUPS: tuple[tuple[str, _StrPromise, tuple[str, ...]], ...] = (
    (
        "grants",
        _("What it grants"),
        (
            "use",
            "redistribute",
            "share_modified",
            "sublicense",
            "hosted",
            "patent",
            "outputs",
            "train_with_outputs",
        ),
    ),
    (
        "asks",
        _("What it asks in return"),
        (
            "attribution",
            "licence_copy",
            "notice_file",
            "state_changes",
            "disclose_source",
            "badge",
            "name_prefix",
            "flow_down",
            "copyleft",
        ),
    ),
    (
        "reaches",
        _("How far it reaches"),
        (
            "reach_finetune",
            "reach_adapter",
            "reach_merge",
            "reach_quantized",
            "reach_distill",
            "reach_outputs",
            "reach_train_on",
            "reach_dataset_inclusion",
        ),
    ),
    (
        "limits",
        _("Where it ends"),
        ("use_restrictions", "mau_cap", "revenue_cap_usd_year", "territory_excl", "field_excl"),
    ),
    ("life", _("How long it lasts"), ("revocable", "updatable", "termination", "osi_approved")),
)
"""The columns that carry terms, by what a reader asks: key, heading, columns in order."""

COLUMNS: Mapping[str, _StrPromise] = {
    "use": pgettext_lazy("licence term", "Use"),
    "redistribute": pgettext_lazy("licence term", "Passing on"),
    "share_modified": pgettext_lazy("licence term", "Changed versions"),
    "sublicense": pgettext_lazy("licence term", "Sublicensing"),
    "hosted": pgettext_lazy("licence term", "Running it as a service"),
    "patent": pgettext_lazy("licence term", "Patents"),
    "outputs": pgettext_lazy("licence term", "What it generates"),
    "train_with_outputs": pgettext_lazy("licence term", "Training on what it generates"),
    "attribution": pgettext_lazy("licence term", "Naming the author"),
    "licence_copy": pgettext_lazy("licence term", "Copy of the licence"),
    "notice_file": pgettext_lazy("licence term", "Notice file"),
    "state_changes": pgettext_lazy("licence term", "Stating changes"),
    "disclose_source": pgettext_lazy("licence term", "Source"),
    "badge": pgettext_lazy("licence term", "Words to show"),
    "name_prefix": pgettext_lazy("licence term", "Name"),
    "flow_down": pgettext_lazy("licence term", "Passing restrictions on"),
    "copyleft": pgettext_lazy("licence term", "What has to stay under it"),
    "reach_finetune": pgettext_lazy("licence term", "Fine-tuned model"),
    "reach_adapter": pgettext_lazy("licence term", "Adapter"),
    "reach_merge": pgettext_lazy("licence term", "Merged model"),
    "reach_quantized": pgettext_lazy("licence term", "Quantized model"),
    "reach_distill": pgettext_lazy("licence term", "Distilled model"),
    "reach_outputs": pgettext_lazy("licence term", "Model trained on what it generates"),
    "reach_train_on": pgettext_lazy("licence term", "Model trained on it"),
    "reach_dataset_inclusion": pgettext_lazy("licence term", "Dataset that includes it"),
    "use_restrictions": pgettext_lazy("licence term", "Forbidden uses"),
    "mau_cap": pgettext_lazy("licence term", "Number of users"),
    "mau_basis": pgettext_lazy("licence term", "How users are counted"),
    "revenue_cap_usd_year": pgettext_lazy("licence term", "Revenue"),
    "territory_excl": pgettext_lazy("licence term", "Places"),
    "field_excl": pgettext_lazy("licence term", "Fields"),
    "revocable": pgettext_lazy("licence term", "Taking it back"),
    "updatable": pgettext_lazy("licence term", "New versions of the text"),
    "termination": pgettext_lazy("licence term", "When it ends"),
    "osi_approved": pgettext_lazy("licence term", "Open Source Initiative"),
    "name": pgettext_lazy("licence term", "Name of the licence"),
    "family": pgettext_lazy("licence term", "Family"),
    "kind": pgettext_lazy("licence term", "Made for"),
    "evidence": pgettext_lazy("licence term", "How far the text was read"),
    "source_ref": pgettext_lazy("licence term", "Sections"),
    "source_url": pgettext_lazy("licence term", "Where the text stands"),
}

SENTENCES: Mapping[str, Mapping[str, _StrPromise]] = {
    "use": {
        "any": _("May be used for any purpose, commercial ones included."),
        "nc": _("May be used for non-commercial purposes only."),
        "research": _("May be used for research only."),
        "computational": _("May be used for computation, such as training; not to be read or shown as it is."),
        "training-only": _("May be used to train models, and for nothing else."),
        "none": _("Grants no use by itself."),
    },
    "redistribute": {
        "y": _("May be passed on."),
        "n": _("May not be passed on."),
        "c": _("May be passed on on conditions that the text names."),
        "unstated": _("The text does not say whether it may be passed on."),
    },
    "share_modified": {
        "y": _("Changed versions may be passed on."),
        "n": _("Changed versions may not be passed on."),
        "c": _("Changed versions may be passed on on conditions that the text names."),
        "unstated": _("The text does not say whether changed versions may be passed on."),
    },
    "sublicense": {
        "y": _("Who has it may grant the same rights to others."),
        "n": _("Who has it may not grant rights to others; they need the licence themselves."),
        "c": _("Who has it may grant rights to others on conditions that the text names."),
        "auto": _("Everybody who receives it gets the licence from its author directly."),
        "unstated": _("The text does not say whether rights may be granted to others."),
    },
    "hosted": {
        "free": _("Offering it as a service counts as use; nothing more is asked."),
        "dist": _("Offering it as a service counts as passing it on: what is asked then is asked here too."),
        "network_src": _("Who offers it as a service has to offer its source to the service’s users."),
        "ban": _("May not be offered as a service."),
        "c": _("May be offered as a service on conditions that the text names."),
    },
    "patent": {
        "grant": _("Grants the patents that its authors hold in it."),
        "excluded": _("Says that it grants no patents."),
        "unstated": _("Says nothing of patents."),
    },
    "outputs": {
        "free": _("What the work generates is free of its terms."),
        "terms": _("The terms bind the use of what the work generates, too."),
        "restricted": _("Restricts the use of what the work generates; the table does not say how."),
        "nc": _("What the work generates may be used for non-commercial purposes only."),
        "unstated": _("Says nothing of what the work generates."),
    },
    "train_with_outputs": {
        "ok": _("What it generates may be used to train other models."),
        "ok_with_badge": _("May be used to train other models, which then have to show the words asked for."),
        "ok_with_name_prefix": _("May be used to train other models, whose names then have to begin as asked for."),
        "no_other_llm": _("May not be used to improve other language models."),
        "no_foundation": _("May not be used to make foundation models."),
        "no_ai": _("May not be used to improve other AI models."),
        "terms": _("May be used to train other models under the licence’s own terms."),
        "nc": _("May be used to train other models for non-commercial purposes only."),
    },
    "attribution": {
        "y": _("Its author has to be named."),
        "n": _("Nobody has to be named."),
        "c": _("Its author has to be named on conditions that the text names."),
        "unstated": _("The text does not say whether its author has to be named."),
    },
    "licence_copy": {
        "y": _("A copy of the licence has to travel along."),
        "n": _("No copy of the licence has to travel along."),
        "c": _("A copy of the licence has to travel along on conditions that the text names."),
        "unstated": _("The text does not say whether a copy of the licence has to travel along."),
    },
    "notice_file": {
        "y": _("Its notices, such as a file named NOTICE, have to be kept."),
        "n": _("No file of notices is asked for."),
        "c": _("Its notices have to be kept on conditions that the text names."),
        "unstated": _("The text does not say whether notices have to be kept."),
    },
    "state_changes": {
        "y": _("It has to be said what was changed."),
        "n": _("It need not be said what was changed."),
        "c": _("It has to be said what was changed on conditions that the text names."),
        "unstated": _("The text does not say whether changes have to be stated."),
    },
    "disclose_source": {
        "y": _("Who passes it on has to offer its source."),
        "n": _("No source has to be offered."),
        "c": _("Its source has to be offered on conditions that the text names."),
        "unstated": _("The text does not say whether source has to be offered."),
    },
    "badge": {"": _("No words have to be shown.")},
    "name_prefix": {"": _("No name is asked for.")},
    "flow_down": {
        "y": _("Its restrictions of use have to stand in one’s own terms, enforceably."),
        "n": _("Nothing has to be repeated in one’s own terms."),
        "c": _("Its restrictions have to stand in one’s own terms on conditions that the text names."),
        "unstated": _("The text does not say whether its restrictions have to stand in one’s own terms."),
    },
    "copyleft": {
        "none": _("Nothing: what is made from it may have another licence."),
        "file": _("The files that came from it."),
        "module": _("The modules that came from it."),
        "library": _("The library itself; what only uses it may have another licence."),
        "linguistic-resource": _("The linguistic resource itself."),
        "source-form": _("What is passed on as source."),
        "strong": _("The whole work that is made with it."),
        "network": _("The whole work that is made with it, offered as a service included."),
        "sharealike": _("Adaptations of it, under the same or a compatible licence."),
        "db-sharealike": _("Databases that are made from it."),
        "use-restrictions": _("Its restrictions of use; the rest may have another licence."),
        "model-terms": _("The agreement itself: models made from it cannot be put under another licence."),
        "research-terms": _("The agreement itself, with its limit to research or non-commercial use."),
    },
    "use_restrictions": {
        "none": _("No use is forbidden."),
        "unstated": _("The table does not say whether uses are forbidden."),
    },
    "mau_cap": {"": _("Any number.")},
    "revenue_cap_usd_year": {"": _("Any revenue.")},
    "territory_excl": {"": _("Granted everywhere.")},
    "field_excl": {"": _("No field is left out.")},
    "termination": {"": _("The text names no end.")},
    "revocable": {
        "y": _("Its author may take it back."),
        "n": _("It cannot be taken back from who keeps to it."),
        "c": _("Its author may take it back on conditions that the text names."),
        "unstated": _("The text does not say whether it can be taken back."),
    },
    "updatable": {
        "y": _("Its author may change the text, and who goes on using the work accepts the change."),
        "n": _("The text that came with the work stays."),
        "c": _("Parts of it, such as a policy of use, may be changed by its author."),
        "unstated": _("The text does not say whether it can be changed later."),
    },
    "osi_approved": {
        "y": _("On the initiative’s list of open source licences."),
        "n": _("Not on the initiative’s list of open source licences."),
    },
}
"""Column -> word -> sentence. Columns with figures or texts of their own have a sentence for the empty cell."""

BADGE = _("The words “%(value)s” have to be shown.")
NAME_PREFIX = _("Names of what is made from it have to begin with “%(value)s”.")
STATIC_RESTRICTIONS = _("Uses that a list in the text names (%(value)s).")
DYNAMIC_RESTRICTIONS = _("Uses that a policy names which its author may change (%(value)s).")
USER_CAP = _("Up to %(value)s monthly users: %(basis)s. Beyond that, ask its author.")
REVENUE_CAP = _("Up to %(value)s US dollars of revenue a year. Beyond that, ask its author.")
TERRITORY = _("Not granted in: %(value)s.")
FIELDS = _("Not granted for: %(value)s.")
ENDS = _("Ends %(value)s.")

ENDINGS: Mapping[str, _StrPromise] = {
    "breach": _("when its terms are broken"),
    "auto": _("by itself when its terms are broken, with a way back"),
    "breach-30d-cure": _("when a breach is not mended within 30 days"),
    "patent-litigation": _("for who sues over patents in it"),
    "IP-litigation": _("for who sues over rights in it"),
    "litigation": _("for who sues over it"),
    "delete": _("and copies then have to be deleted"),
    "at-will": _("whenever its author says so"),
    "at-will-30d": _("30 days after its author says so"),
    "guardrail-bypass": _("when its safeguards are got around"),
}
"""Word of the column ``termination`` -> when the licence ends, as it stands in ``ENDS``."""

REACH: Mapping[str, _StrPromise] = {
    "none": _("Nothing follows."),
    "notice": _("Notices and the text of the licence travel along; the licence may be another."),
    "flow": _("May have another licence, if that carries the restrictions of use."),
    "terms": _("The agreement itself follows; another licence cannot take its place."),
    "same": _("Has to stay under the same or a compatible licence."),
    "nc": _("Stays non-commercial."),
    "nd": _("May not be passed on."),
    "no-compete": _("Not allowed where it improves another model."),
    "name-prefix": _("Its name has to begin as asked for."),
    "badge": _("Has to show the words asked for."),
    "territory": _("Stays out of the places left out."),
    "computational": _("For computation only."),
    "banned": _("Not allowed."),
    "unknown": _("The table does not say: the text was not read so far."),
    "na": _("Does not come up with this licence."),
}
"""Word of a reach -> what follows for a work that stands in this relation."""

UNCLEAR = _("%(sentence)s The text is silent; this is the cautious reading.")

EVIDENCE: Mapping[str, _StrPromise] = {
    "text_scancode": _("Read from the whole text, in the copy of a public licence collection."),
    "text_repo": _("Read from the whole text, in the repository of its author."),
    "text_excerpt": _("Read from excerpts of the text, not from all of it."),
    "model_sheet": _("Read from its author’s own summary of the text."),
    "hf_family": _("A name for several texts. Which one is meant is not known, so nothing can be decided by it."),
    "hf_list": _("Known from the Hub’s list only; the text was not read."),
    "secondary": _("Read from what others wrote about the text, not from the text."),
    "not_read": _("The text was not read: it was in no place that could be reached. Every answer is “unknown”."),
    "own": _("No text: what an owner declares for their own work. It grants nothing to others."),
}

FAMILIES: Mapping[str, _StrPromise] = {
    "permissive": pgettext_lazy("licence family", "Permissive"),
    "public-domain": pgettext_lazy("licence family", "Public domain"),
    "copyleft-weak": pgettext_lazy("licence family", "Weak copyleft"),
    "copyleft-strong": pgettext_lazy("licence family", "Strong copyleft"),
    "cc": pgettext_lazy("licence family", "Creative Commons"),
    "data": pgettext_lazy("licence family", "Data"),
    "rail": pgettext_lazy("licence family", "Responsible AI (RAIL)"),
    "llama": pgettext_lazy("licence family", "Llama"),
    "gemma": pgettext_lazy("licence family", "Gemma"),
    "vendor": pgettext_lazy("licence family", "Vendor’s own"),
    "research": pgettext_lazy("licence family", "Research or non-commercial"),
    "modelgo": pgettext_lazy("licence family", "ModelGo"),
    "placeholder": pgettext_lazy("licence family", "Name without a text"),
    "own": pgettext_lazy("licence family", "Declared by its owner"),
}

KINDS: Mapping[str, _StrPromise] = {
    "software": pgettext_lazy("licence kind", "software"),
    "content": pgettext_lazy("licence kind", "texts, images and other content"),
    "data": pgettext_lazy("licence kind", "data"),
    "model": pgettext_lazy("licence kind", "models"),
    "placeholder": pgettext_lazy("licence kind", "not known"),
    "own": pgettext_lazy("licence kind", "the owner’s own work"),
}

USES: Mapping[str, _StrPromise] = {
    "any": pgettext_lazy("use granted", "any purpose"),
    "nc": pgettext_lazy("use granted", "non-commercial"),
    "research": pgettext_lazy("use granted", "research"),
    "computational": pgettext_lazy("use granted", "computation"),
    "training-only": pgettext_lazy("use granted", "training"),
    "none": pgettext_lazy("use granted", "none by itself"),
    "": pgettext_lazy("use granted", "none by itself"),
}
"""Column ``use`` in a word or two, for lists."""

STAYS: Mapping[str, _StrPromise] = {
    "none": pgettext_lazy("stays under it", "nothing"),
    "": pgettext_lazy("stays under it", "nothing"),
    "file": pgettext_lazy("stays under it", "its files"),
    "module": pgettext_lazy("stays under it", "its modules"),
    "library": pgettext_lazy("stays under it", "the library"),
    "linguistic-resource": pgettext_lazy("stays under it", "the resource"),
    "source-form": pgettext_lazy("stays under it", "its source"),
    "strong": pgettext_lazy("stays under it", "the whole work"),
    "network": pgettext_lazy("stays under it", "the whole work, services too"),
    "sharealike": pgettext_lazy("stays under it", "adaptations"),
    "db-sharealike": pgettext_lazy("stays under it", "databases"),
    "use-restrictions": pgettext_lazy("stays under it", "restrictions of use"),
    "model-terms": pgettext_lazy("stays under it", "all models made from it"),
    "research-terms": pgettext_lazy("stays under it", "all models made from it"),
}
"""Column ``copyleft`` in a word or two, for lists."""

LIMITS: Mapping[str, _StrPromise] = {
    "share_modified": pgettext_lazy("limit", "no changed versions"),
    "redistribute": pgettext_lazy("limit", "not passed on"),
    "hosted": pgettext_lazy("limit", "no services"),
    "territory_excl": pgettext_lazy("limit", "places"),
    "mau_cap": pgettext_lazy("limit", "number of users"),
    "revenue_cap_usd_year": pgettext_lazy("limit", "revenue"),
    "field_excl": pgettext_lazy("limit", "fields"),
    "use_restrictions": pgettext_lazy("limit", "forbidden uses"),
    "train_with_outputs": pgettext_lazy("limit", "training on what it generates"),
}
"""Columns that can be a limit on a licensee, in a word or two, for lists."""

CLAUSES: Mapping[str, _StrPromise] = {
    "compatible": _("What is made from it may also be put under %(value)s."),
    "duty": _("Its documentation has to be kept."),
    "territory_basis": _("Places are judged by where the licensee is at home."),
    "undecided": _("The Hub’s name for it stands for no text."),
    "read_with": _("It is read together with %(value)s."),
}
"""What a text says beyond the columns, by the name of the clause."""
