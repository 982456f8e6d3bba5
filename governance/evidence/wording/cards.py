"""The findings of a card in words."""

from django.utils.translation import gettext_lazy as _

_SAVE_AS_UTF8 = _("Save README.md as UTF-8 without a byte order mark.")
_TWO_LINES = _("Put the metadata at the very top of README.md, between two lines of three hyphens.")
_AN_ID = _("Write the repository's id on the Hub, as namespace/name.")
_QUOTE_IT = _("Put quotes around the value, to say that it is text.")
_SHORTEN = _("Shorten the metadata; long lists belong into a file of their own.")
_PLAIN_YAML = _("Write plain keys and values, without anchors, aliases and tags.")

# Where no identifier is near.
UNLIKE_ANY_LICENCE = _("%(id)s is not a licence identifier of the Hub, and none is near.")

# The sections that a card is read for, as people call them; the names in the findings are for programs.
SECTION_NAMES = {
    "description": _("description"),
    "intended_uses": _("intended uses"),
    "limitations": _("limitations"),
    "training_data": _("training data"),
    "training_procedure": _("training procedure"),
    "evaluation": _("evaluation"),
    "getting_started": _("getting started"),
    "contact": _("contact"),
    "structure": _("structure"),
    "creation": _("how it was made"),
    "personal_information": _("personal information"),
}

SENTENCES = {
    # the file
    "card.empty": (
        _("There is no card: README.md is empty."),
        _("Write one: what it is for, what it is not for, what it was made from, how well it does."),
    ),
    "card.too_large": (
        _("The card is too large: only the first %(limit)s of %(size)s bytes were read."),
        _("Move tables and logs into files of their own."),
    ),
    "card.encoding.not_utf8": (
        _("The card is not UTF-8 from byte %(offset)s on; some of its letters may be wrong."),
        _SAVE_AS_UTF8,
    ),
    "card.encoding.bom": (_("The file begins with a byte order mark."), _SAVE_AS_UTF8),
    "card.line_ends.crlf": (
        _("All lines end as on Windows."),
        _("Nothing needs mending; line feeds alone keep differences small."),
    ),
    "card.line_ends.mixed": (
        _("The lines end in different ways: %(lf)s with LF, %(crlf)s with CR LF, %(cr)s with CR."),
        _("Have your editor end all lines with a line feed."),
    ),
    "card.text.nul": (_("The card holds %(count)s NUL characters."), _("Take them out; no text needs them.")),
    "card.text.control": (
        _("The card holds %(count)s control characters that no text needs."),
        _("Take them out."),
    ),
    "card.text.bidi": (
        _("%(count)s characters turn the direction of text, which can make it read otherwise than it is."),
        _("Take them out where the text does not need them."),
    ),
    # the front matter
    "card.front_matter.missing": (_("There is no metadata at the top of the card."), _TWO_LINES),
    "card.front_matter.unclosed": (
        _("The metadata is never closed, so the Hub reads none of it."),
        _("End the metadata with a line of three hyphens."),
    ),
    "card.front_matter.misplaced": (
        _("There is metadata, but not at the very top, so the Hub reads none of it."),
        _TWO_LINES,
    ),
    "card.front_matter.empty": (
        _("There is nothing between the two lines of hyphens."),
        _("Write at least the licence there."),
    ),
    "card.front_matter.not_mapping": (
        _("The metadata is no list of keys with values, but: %(got)s."),
        _("Write lines of the form “key: value”."),
    ),
    "card.metadata.truncated": (
        _("The metadata exceeds a bound (%(bound)s: %(limit)s); these fields were not read: %(left_out)s."),
        _SHORTEN,
    ),
    "card.metadata.refused": (
        _("The metadata exceeds a bound (%(bound)s: %(limit)s) and was not read."),
        _SHORTEN,
    ),
    "card.yaml.syntax": (
        _("The metadata is not valid YAML: %(problem)s, at column %(column)s."),
        _("Mend the line; quotes around the value often do."),
    ),
    "card.yaml.unprintable": (
        _("YAML does not allow the character %(character)s; it was replaced."),
        _("Take the character out."),
    ),
    "card.yaml.tab": (_("A tab indents a line of the metadata."), _("Indent with spaces.")),
    "card.yaml.duplicate_key": (
        _("The key %(key)s stands twice, first in line %(first_line)s; the last one was taken."),
        _("Keep one of them."),
    ),
    "card.yaml.key": (
        _("A key of the metadata is not plain text (%(problem)s); the entry was left out."),
        _("Write the key as plain text."),
    ),
    "card.yaml.tag": (
        _("The metadata asks for an object (%(tag)s); the value was kept as plain data."),
        _PLAIN_YAML,
    ),
    "card.yaml.aliases": (
        _("Aliases of the metadata grow without bound or contain themselves; they were not read."),
        _PLAIN_YAML,
    ),
    "card.yaml.value": (
        _("%(written)s looks like a %(type)s and is none; it was kept as text."),
        _("Mend the value, or put quotes around it."),
    ),
    "card.yaml.not_finite": (
        _("%(written)s is not a finite number; it was kept as text."),
        _("Write the number, or leave the key out where nothing was measured."),
    ),
    # the licence
    "card.license.missing": (
        _("The card declares no licence, so nobody knows what may be done with it."),
        _("Add a line such as “license: apache-2.0” to the metadata, with the licence that applies."),
    ),
    "card.license.unknown_id": (
        _("%(id)s is not a licence identifier of the Hub. Did you mean: %(meant)s?"),
        _(
            "Use an identifier of the Hub's list; for another licence “license: other” with license_name and"
            " license_link."
        ),
    ),
    "card.license.type": (
        _("The licence %(written)s is read as %(got)s; a licence is text, or a list of texts."),
        _QUOTE_IT,
    ),
    "card.license.legacy_key": (
        _("The licence stands under %(key)s, which the Hub does not read."),
        _("Rename the key to “license”."),
    ),
    "card.license.name_missing": (
        _("The licence is “other”, and its name is missing."),
        _("Add license_name."),
    ),
    "card.license.link_missing": (
        _("The licence is “other”, and its text cannot be found."),
        _("Add license_link: the address of the text, or LICENSE for the file in the repository."),
    ),
    # other fields
    "card.field.type": (
        _("The field has the wrong type: %(got)s instead of %(expected)s."),
        _("Write the value in the expected form."),
    ),
    "card.field.legacy_key": (
        _("The Hub does not read this key; it reads %(use)s."),
        _("Rename the key to %(use)s."),
    ),
    "card.field.yaml_boolean": (
        _("Without quotes many programs read %(written)s as %(got)s."),
        _QUOTE_IT,
    ),
    "card.space.sdk": (
        _("%(written)s is no kit that a Space can run with; known are %(known)s."),
        _("Set sdk to one of them."),
    ),
    # lineage
    "card.base_model.not_an_id": (_("%(written)s is not a repository id; its lineage is unknown."), _AN_ID),
    "card.base_model.local_path": (
        _("%(written)s is a path on somebody's machine; its lineage is unknown."),
        _AN_ID,
    ),
    "card.base_model.url": (_("%(written)s is a link; it was read as %(read_as)s."), _AN_ID),
    "card.base_model_relation.unknown": (
        _("%(written)s is not a relation that the Hub knows; it was inferred instead. Known are %(known)s."),
        _("Use one of them."),
    ),
    "card.base_model_relation.without_base": (
        _("A relation (%(written)s) is given without a base model."),
        _("Name the model in base_model, or take the relation out."),
    ),
    "card.link.not_an_id": (_("%(written)s is not a repository id; its lineage is unknown."), _AN_ID),
    "card.link.url": (_("%(written)s is a link; it was read as %(read_as)s."), _AN_ID),
    "card.links.truncated": (
        _("Only the first %(limit)s of %(count)s origins were kept."),
        _("Name the origins that matter; the others belong into the text."),
    ),
    "card.source_datasets.unnamed": (
        _("The dataset extends something that is not named (%(written)s)."),
        _AN_ID,
    ),
    # results
    "card.model_index.invalid": (
        _("The results cannot be read at %(path)s: %(problem)s."),
        _("Write them as the Hub's model-index asks: task, dataset and metrics for each result."),
    ),
    "card.model_index.value_not_number": (
        _("The result at %(path)s is not a finite number: %(written)s."),
        _("Write the number alone, without unit or sign for percent."),
    ),
    # the text
    "card.body.empty": (
        _("The card has no text below its metadata."),
        _("Write what it is for, what it is not for, what it was made from, how well it does."),
    ),
    "card.section.missing": (
        _("A section that a decision rests on is missing or empty: %(section)s."),
        _("Write it; a few honest sentences are enough."),
    ),
    "card.section.recommended": (
        _("A section that readers expect is missing or empty: %(section)s."),
        _("Write it if there is something to say."),
    ),
    "card.placeholder": (
        _("Places of the template that were never filled in: %(count)s."),
        _("Fill them in, or take them out."),
    ),
    # about the findings
    "card.findings.more": (
        _("%(count)s more findings of %(code)s are not listed."),
        _("Mend those that are listed first."),
    ),
}
