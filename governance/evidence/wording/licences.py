"""The findings of a licence audit in words."""

from django.utils.translation import gettext_lazy as _

_OTHER_BASE = _(
    "Use another upstream, get a licence from its owner, or change the use case's profile if it does not describe"
    " the use."
)
_SAME_LICENCE = _("Declare %(licence)s or a compatible licence, or use another upstream.")
_TELL_PROFILE = _("Fill in the use case's licence profile, if it says less than is known.")
_DECLARE = _("Find out the licence of %(work)s and have its card declare it.")
_ASK_LEGAL = _("Have the legal lane read the text and decide.")
_MEET_IT = _("Meet it when you pass the work on, and say so in the card.")

SENTENCES = {
    "C-NC": (_("%(licence)s grants non-commercial use, and the use case is commercial."), _OTHER_BASE),
    "C-RESEARCH": (_("%(licence)s grants use for research, and the use case is commercial."), _OTHER_BASE),
    "C-ND": (_("%(licence)s does not grant the sharing of modified versions."), _OTHER_BASE),
    "C-SA": (
        _("%(licence)s asks for the same or a compatible licence; declared is %(declared)s."),
        _SAME_LICENCE,
    ),
    "C-COPYLEFT": (
        _("%(licence)s asks for the same or a compatible licence; declared is %(declared)s."),
        _SAME_LICENCE,
    ),
    "C-LAUNDER": (
        _("%(licence)s follows what is made from it (%(value)s); declared is %(declared)s, which drops its terms."),
        _SAME_LICENCE,
    ),
    "C-NAME": (
        _("%(licence)s asks for a name that begins with %(value)s; the name is %(name)s."),
        _("Rename the repository."),
    ),
    "C-NOCOMPETE": (
        _("%(licence)s does not grant the use of its outputs to improve other models."),
        _OTHER_BASE,
    ),
    "C-USERCAP": (
        _("%(licence)s is granted up to %(value)s monthly users (%(basis)s)."),
        _("Get a licence from its owner for more users, or use another upstream."),
    ),
    "C-REVCAP": (
        _("%(licence)s is granted up to %(value)s US dollars of revenue a year."),
        _("Get a licence from its owner, or use another upstream."),
    ),
    "C-TERRITORY": (_("%(licence)s is not granted in %(value)s."), _OTHER_BASE),
    "C-HOST": (_("%(licence)s does not grant a hosted service."), _OTHER_BASE),
    "C-FIELD": (_("%(licence)s excludes the field %(value)s."), _OTHER_BASE),
    "C-REDIST-BAN": (_("%(licence)s does not grant %(value)s."), _OTHER_BASE),
    "C-MERGE": (
        _("%(licence)s (%(work)s) and %(other_licence)s (%(other_work)s) cannot both hold for one work."),
        _("Leave one of the two works out, or get another licence for it from its owner."),
    ),
    "C-NO-LICENSE": (_("Nothing is granted by %(work)s: %(value)s."), _OTHER_BASE),
    "U-MISSING": (_("No licence is known for %(work)s."), _DECLARE),
    "U-OTHER": (
        _("%(written)s names no text of the licence table for %(work)s."),
        _("Give the name and the link of the text in the card; then the legal lane can read it."),
    ),
    "U-FAMILY": (
        _("%(written)s names a family of licences for %(work)s, not one text."),
        _("Declare the exact text with its version."),
    ),
    "U-UNKNOWN-ID": (
        _("%(written)s, declared for %(work)s, is not in the licence table."),
        _("Declare an identifier of the Hub, or have the text added to the table."),
    ),
    "U-NOT-READ": (_("The text of %(licence)s has not been read for the licence table."), _ASK_LEGAL),
    "U-MULTI": (
        _("%(work)s lists several licences; as a sum and as a choice they give different verdicts."),
        _("Say in the card whether all apply or one may be chosen."),
    ),
    "U-CELL": (
        _("Code under %(licence)s is inside a work under %(declared)s; the code matrix leaves it open (%(value)s)."),
        _ASK_LEGAL,
    ),
    "U-MERGE": (
        _("%(licence)s (%(work)s) and %(other_licence)s (%(other_work)s) each follow the whole work."),
        _("Have counsel compare the two agreements, or leave one of the works out."),
    ),
    "U-RELATION": (
        _("The relation to %(work)s is %(value)s, for which the licence table cannot be read."),
        _("Declare base_model_relation in the card."),
    ),
    "U-FACT": (_("%(licence)s depends on %(value)s, which is not given."), _TELL_PROFILE),
    "U-TERM": (_("The licence table does not decide %(terms)s of %(licence)s: %(value)s."), _ASK_LEGAL),
    "U-TEXT": (
        _("The card declares %(declared)s, but the files hold the text of %(licence)s (%(value)s)."),
        _("Ask the owner which of the two holds; until then, treat neither as granted."),
    ),
    "W-TRAIN-SA": (
        _("%(licence)s may reach through training; a cautious reading asks for the same licence."),
        _ASK_LEGAL,
    ),
    "W-TRAIN-NC": (
        _("%(licence)s may reach through training; a cautious reading keeps to non-commercial use."),
        _ASK_LEGAL,
    ),
    "W-TRAIN-ND": (
        _("%(licence)s may reach through training; a cautious reading does not share the result."),
        _ASK_LEGAL,
    ),
    "W-TRAIN-TERMS": (
        _("%(licence)s binds whoever trained on %(work)s; its terms may reach further (%(value)s)."),
        _ASK_LEGAL,
    ),
    "W-UNCLEAR": (_("%(licence)s leaves %(terms)s open: %(value)s."), _ASK_LEGAL),
    "W-NO-TEXT": (
        _("%(licence)s asks for a copy of its text, and the files hold none."),
        _("Add the text as a file named LICENSE."),
    ),
    "W-CHANGED-LICENSE": (
        _("%(work)s declared %(written)s at an earlier revision, and %(value)s since."),
        _("Keep proof of the licence at the revision in use, and take a newer one knowingly: each has its own."),
    ),
    "W-DEP": (
        _("Code under %(licence)s is inside a work under %(declared)s; it depends on how the two are joined."),
        _("Say how the code is used: copied, linked, or run on its own."),
    ),
    "W-CYCLE": (
        _("%(work)s is upstream of itself; what is declared about its lineage cannot all be true."),
        _("Correct the base models that the cards on the chain declare."),
    ),
    "W-RECORD": (
        _("The card declares %(declared)s, but %(record)s names %(value)s."),
        _("Find out which record is right, and have the other corrected."),
    ),
    "W-EXCEPTION": (
        _("The exception in %(written)s is kept with its licence and not judged."),
        _ASK_LEGAL,
    ),
    "O-LICENSE-COPY": (
        _("%(licence)s asks for a copy of the licence text."),
        _("Add the text as a file named LICENSE."),
    ),
    "O-NOTICE": (_("%(licence)s asks for its notices to be kept."), _("Keep NOTICE files and copyright lines.")),
    "O-ATTRIB": (_("%(licence)s asks for attribution."), _("Name author, work, source and licence in the card.")),
    "O-STATE-CHANGES": (_("%(licence)s asks for changes to be stated."), _("Say in the card what was changed.")),
    "O-SOURCE": (_("%(licence)s asks for the source to be disclosed."), _MEET_IT),
    "O-NETSRC": (
        _("%(licence)s asks for the source to be offered to users of the service."),
        _("Show users of the service where the source is."),
    ),
    "O-FLOW": (
        _("%(licence)s asks for its use restrictions in one's own terms."),
        _("Pass the restrictions on in your terms of use."),
    ),
    "O-AUP": (
        _("%(licence)s restricts use (%(value)s)."),
        _("Compare the restrictions with the use case's purpose."),
    ),
    "O-BADGE": (_("%(licence)s asks for the words %(value)s to be shown."), _("Show them where users see them.")),
    "O-DOC": (_("%(licence)s asks for the documentation to be kept (%(value)s)."), _MEET_IT),
    "O-COPYRIGHT": (
        _("%(licence)s asks for the copyright notice to be kept."),
        _("Name year and holder of the copyright in the LICENSE file, the NOTICE file or the card."),
    ),
}
