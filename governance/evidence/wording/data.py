"""What a data audit finds, in words."""

from django.utils.translation import gettext_lazy as _

_REMOVE = _("Keep one of each and upload the table again; copies make a model look surer than it is.")
_SPLIT_AGAIN = _("Take these rows out of one of the splits and measure the model again.")

SENTENCES = {
    "data.duplicates": (
        _("%(rows)s of %(of)s rows repeat another row (rows that occur more than once: %(groups)s)."),
        _REMOVE,
    ),
    "data.duplicates_few": (
        _(
            "%(rows)s of %(of)s rows repeat another row (rows that occur more than once: %(groups)s); about"
            " %(expected)s pairs of equal rows are to be expected by chance."
        ),
        _("Look whether they are the same people or things entered twice."),
    ),
    "data.near_duplicates": (
        _(
            "%(rows)s of %(of)s rows have a text that is nearly that of another row (groups: %(groups)s, at least"
            " %(jaccard)s alike)."
        ),
        _REMOVE,
    ),
    "data.near_duplicates_not_searched": (
        _("Nearly equal texts were not looked for: more than %(limit)s %(why)s."),
        _("Take a random sample of the rows, or name fewer text columns."),
    ),
    "data.split_leak": (
        _(
            "%(rows)s of the %(of)s rows of “%(split)s” are in “%(other)s” too (95 %% interval of the share %(low)s to"
            " %(high)s): what is measured on one of them was seen in the other."
        ),
        _SPLIT_AGAIN,
    ),
    "data.split_leak_by_chance": (
        _(
            "%(rows)s of the %(of)s rows of “%(split)s” equal a row of “%(other)s” (95 %% interval of the share %(low)s"
            " to %(high)s); the table has so few different values that this can be chance."
        ),
        _("Look whether they are the same people or things; name the column of whom rows belong to, if there is one."),
    ),
    "data.split_leak_near": (
        _(
            "%(rows)s of the %(of)s rows of “%(split)s” have a text that is nearly one of “%(other)s” (95 %% interval"
            " of the share %(low)s to %(high)s, at least %(jaccard)s alike)."
        ),
        _SPLIT_AGAIN,
    ),
    "data.split_leak_group": (
        _(
            "%(rows)s of the %(of)s rows of “%(split)s” belong to a %(column)s that “%(other)s” has too (%(groups)s of"
            " them)."
        ),
        _("Split by %(column)s, so that each is in one split only, and measure the model again."),
    ),
    "data.split_tiny": (
        _("The split “%(split)s” has only %(rows)s rows."),
        _("Check its name; if it is right, bring more rows."),
    ),
    "data.split_leak_words": (
        _(
            "%(rows)s of the %(of)s rows of “%(split)s” that are long enough share %(words)s words in a row with"
            " “%(other)s” (95 %% interval of the share %(low)s to %(high)s)."
        ),
        _(
            "Look whether they quote the same source; a model that was trained on one may answer the other from memory,"
            " so report its quality without these rows too."
        ),
    ),
    "data.split_leak_time": (
        _(
            "%(rows)s of the %(of)s rows of “%(split)s” happened after the first row of “%(other)s” (%(first)s; the"
            " last one is of %(last)s), and %(other_rows)s of the %(other_of)s rows of “%(other)s” before that: a model"
            " is trained on what comes after what it is tested on."
        ),
        _("Split by %(column)s, so that every row of the test comes later than the training, and measure again."),
    ),
    "data.time_not_measured": (
        _("Whether the training reaches into the time of the test was not looked for: %(column)s, %(why)s."),
        _("Give a number or a date (2026-01-31, or with a time of day) in every row, and name the split trained on."),
    ),
    "data.time_unknown": (
        _("%(rows)s of %(of)s rows have no %(column)s, so it is not known whether they came before the test."),
        _("Fill it in, or leave these rows out of the test."),
    ),
    "data.split_not_splits": (
        _(
            "What one split knows of another was not looked for: %(column)s has %(values)s different values, and can"
            " name from 2 to %(limit)s splits."
        ),
        _("Name the column that says which rows are for training and which for testing, and bring the rows of both."),
    ),
    "data.group_says_nothing": (
        _(
            "Whether somebody is in two splits could not be looked for: %(column)s has %(values)s different values, so"
            " it tells nobody apart."
        ),
        _("Name the column that says whom a row belongs to."),
    ),
    "data.conflicting_labels": (
        _(
            "%(rows)s of %(of)s rows have the features of another row and a different label (%(groups)s sets of"
            " features)."
        ),
        _(
            "Have the labels of these rows looked at again; if both are right, a feature is missing that tells them"
            " apart."
        ),
    ),
    "data.label_errors": (
        _(
            "The labels of %(rows)s of %(of)s rows are doubtful (95 %% interval of the share %(low)s to %(high)s): a"
            " model that has not seen them is confident of another class."
        ),
        _("Have the labels of these rows looked at by a person who does not see the given ones."),
    ),
    "data.label_errors_not_measured": (
        _("Label errors were not measured: the probabilities cannot be used (%(why)s)."),
        _("Give out-of-fold probabilities of every class, between 0 and 1 and adding up to 1 in each row."),
    ),
    "data.label_says_nothing": (
        _("The label %(column)s has %(values)s different values, so nothing can be learned or measured with it."),
        _("Name the right column, or bring rows of the other classes."),
    ),
    "data.label_is_id": (
        _("The label %(column)s has %(values)s different values in %(of)s rows: it names rows and is no outcome."),
        _(
            "Name the column that holds the outcome; if it is a quantity, say so in the plan (label_kind), and if it is"
            " a text, leave the label out."
        ),
    ),
    "data.label_many_classes": (
        _(
            "The label %(column)s has %(values)s different values; classes, features that give it away and doubtful"
            " labels are looked at for at most %(limit)s."
        ),
        _("Group the classes; if the label is a quantity, say so in the plan (label_kind)."),
    ),
    "data.label_is_number": (
        _(
            "The label %(column)s was taken for a quantity: features that give it away were looked for by whether it is"
            " %(value)s, and classes and doubtful labels were not looked at."
        ),
        _("Nothing needs mending; if its values are classes, say so in the plan (label_kind)."),
    ),
    "data.class_imbalance": (
        _("The class “%(value)s” of %(column)s has %(rows)s of %(of)s rows (share %(share)s); most are “%(largest)s”."),
        _("Judge a model by figures for each class, and not by its accuracy alone."),
    ),
    "data.class_tiny": (
        _(
            "The class “%(value)s” of %(column)s has only %(rows)s rows; with fewer than %(min_rows)s nothing can be"
            " said."
        ),
        _("Bring more rows of this class, or check its spelling."),
    ),
    "data.label_missing": (
        _("%(rows)s of %(of)s rows have no %(column)s."),
        _("Fill the label in, or leave these rows out for a reason that the card gives."),
    ),
    "data.target_leak": (
        _(
            "%(column)s alone tells “%(value)s” from the rest nearly without error (area under the curve %(auc)s, at"
            " least %(low)s, n %(n)s)."
        ),
        _("Check whether it is known before the outcome is; if it is not, take it out of the features."),
    ),
    "data.agreement_low": (
        _(
            "The people who labelled the rows agree little beyond chance: Krippendorff’s alpha is %(alpha)s (95 %%"
            " interval %(low)s to %(high)s, n %(units)s), where %(limit)s is the least for careful conclusions."
        ),
        _("Make the instructions clearer and have the rows labelled again; a model cannot be surer than its labels."),
    ),
    "data.agreement_unsure": (
        _(
            "It is not certain that the people who labelled the rows agree enough: Krippendorff’s alpha is %(alpha)s"
            " (95 %% interval %(low)s to %(high)s, n %(units)s), and the interval reaches below %(limit)s."
        ),
        _("Have more rows labelled by several people."),
    ),
    "data.agreement_tentative": (
        _(
            "The people who labelled the rows agree enough for careful conclusions: Krippendorff’s alpha is %(alpha)s"
            " (95 %% interval %(low)s to %(high)s, n %(units)s); from %(limit)s on labels count as reliable."
        ),
        _("Look at the rows on which they differ."),
    ),
    "data.agreement_not_measured": (
        _("How far the people who labelled the rows agree was not measured: %(why)s."),
        _("Bring at least 30 rows with labels by two people or more, which use the same few values."),
    ),
    "data.constant": (
        _("The column %(column)s has the same value in every row."),
        _("Leave it out, or check how the table was made."),
    ),
    "data.empty": (
        _("The column %(column)s has no values."),
        _("Leave it out, or check how the table was made."),
    ),
    "data.id_like": (
        _("The column %(column)s names rows: as good as every row has a value of its own."),
        _("It is left out where rows are compared; a model should not be given it."),
    ),
    "data.high_cardinality": (
        _("The column %(column)s has %(values)s different values in %(of)s rows."),
        _("Group them, or check their spelling, before a model is given it."),
    ),
    "data.missing": (
        _("%(column)s is empty in %(rows)s of %(of)s rows (share %(share)s)."),
        _("Say in the card why, and what a model is given instead."),
    ),
    "data.missing_by_group": (
        _(
            "%(column)s is missing more often for %(attribute)s %(group)s: share %(share)s (95 %% interval %(low)s to"
            " %(high)s, n %(n)s), and %(other_share)s for %(other)s; that is beyond chance."
        ),
        _("Find out why; a model learns less of those whose cells are empty."),
    ),
    "data.group_tiny": (
        _("Groups of %(attribute)s with fewer than %(min_rows)s rows: %(groups)s, with %(rows)s rows together."),
        _("Bring more rows of these groups; nothing can be said of how a model treats them."),
    ),
    "data.group_unknown": (
        _("%(rows)s of %(of)s rows name no %(attribute)s."),
        _("Fill the column in where it is known."),
    ),
    "data.groups_too_few": (
        _("%(attribute)s has %(groups)s groups, so no group can be compared with another."),
        _("Name the right column, or bring rows of the other groups."),
    ),
    "data.population_not_met": (
        _(
            "%(attribute)s could not be compared with the population: only %(rows)s of %(of)s rows are of a group that"
            " the population names."
        ),
        _("Spell the groups of the population as the table does."),
    ),
    "data.represented_otherwise": (
        _(
            "%(attribute)s %(group)s has a share of %(share)s (95 %% interval %(low)s to %(high)s, n %(n)s) where the"
            " population has %(population_share)s."
        ),
        _("Say in the card how rows were chosen, or bring more rows of who is missing."),
    ),
    "data.personal": (
        _("%(column)s holds personal data in %(rows)s of %(of)s rows: %(what)s."),
        _("Take it out or replace it, unless there is a right to keep it here; the person responsible has to decide."),
    ),
    "data.personal_possible": (
        _("%(column)s holds what may be personal data in %(rows)s of %(of)s rows: %(what)s."),
        _("Look at these rows; take out what points to a person."),
    ),
    "data.mojibake": (
        _("%(column)s has garbled letters in %(rows)s of %(of)s rows: text that was once read in a wrong encoding."),
        _("Export the table again from its source as UTF-8."),
    ),
    "data.replacement_characters": (
        _("%(column)s has lost letters in %(rows)s of %(of)s rows: replacement characters stand where they were."),
        _("Export the table again from its source as UTF-8; what is lost cannot be restored from this file."),
    ),
    "data.control_characters": (
        _("%(column)s has characters that do not show in %(rows)s of %(of)s rows: control or zero-width ones."),
        _("Take them out; two texts that look the same differ by them."),
    ),
    "data.formulas": (
        _(
            "%(rows)s of %(of)s cells of %(column)s begin as a formula does; a spreadsheet that opens the table runs"
            " them."
        ),
        _("Open the table as text only, or put an apostrophe before these cells."),
    ),
    "data.mixed_scripts": (
        _("%(column)s has words of Latin and Cyrillic letters side by side in %(rows)s of %(of)s rows."),
        _("Look whether look-alike letters were used; the same word in one script is another word to a model."),
    ),
    "data.lexicon_terms": (
        _(
            "%(column)s holds terms of the list “%(lexicon)s” in %(rows)s of %(of)s rows (95 %% interval of the share"
            " %(low)s to %(high)s; different terms: %(terms)s)."
        ),
        _("Look at these rows: a text that quotes or refuses a term holds it too; a person has to decide."),
    ),
    "data.lexicon_not_searched": (
        _("No column holds text, so the terms of the list “%(lexicon)s” were looked for nowhere."),
        _("Bring the texts, or leave the list out."),
    ),
    "data.minor_language": (
        _("%(rows)s of %(of)s texts of %(column)s are in the language %(language)s; most are in %(main)s."),
        _("Judge a model on these texts apart, and name the languages in the card."),
    ),
    "data.language_undetermined": (
        _("The language of %(rows)s of %(of)s texts of %(column)s cannot be told; most such texts are too short."),
        _("Name the languages in the card; nothing else needs mending."),
    ),
    "data.minor_script": (
        _("%(rows)s of %(of)s texts of %(column)s are mainly in %(script)s letters; most are in %(main)s ones."),
        _("Judge a model on these texts apart, and name the languages in the card."),
    ),
    "data.length_outliers": (
        _(
            "%(rows)s of %(of)s texts of %(column)s are far shorter or longer than the others (below %(low_limit)s or"
            " above %(high_limit)s characters)."
        ),
        _("Look at the shortest and the longest ones."),
    ),
    "data.decimal_comma": (
        _(
            "%(column)s writes numbers with a comma (%(rows)s of %(of)s cells) and was looked at as text: no cell tells"
            " tenths from thousands."
        ),
        _("Write the numbers with a decimal point and without separators of thousands."),
    ),
    "data.near_pictures": (
        _(
            "%(rows)s of %(of)s pictures of %(column)s look like another one (groups: %(groups)s; their hashes differ"
            " in at most %(distance)s of 64 bits)."
        ),
        _("Look at them; if they are the same picture, keep one of each group."),
    ),
    "data.split_leak_pictures": (
        _(
            "%(rows)s of the %(of)s pictures of “%(split)s” look like one of “%(other)s” (95 %% interval of the share"
            " %(low)s to %(high)s; their hashes differ in at most %(distance)s of 64 bits)."
        ),
        _SPLIT_AGAIN,
    ),
    "data.pictures_unreadable": (
        _("%(rows)s of %(of)s rows have something in %(column)s that is no picture which can be read."),
        _("Store PNG, JPEG, WebP, BMP or GIF in base64, whole and of up to 50 million pixels."),
    ),
    "data.pictures_plain": (
        _("%(rows)s of %(of)s pictures of %(column)s are of one colour and were not compared."),
        _("Look whether they are meant to be there."),
    ),
    "data.pictures_too_few": (
        _("Fewer than two pictures of %(column)s show anything (rows: %(of)s), so none could be compared."),
        _("Check that the column holds pictures in base64."),
    ),
    "data.pictures_too_many": (
        _("Pictures of %(column)s were not compared: more than %(limit)s %(why)s."),
        _("Take a random sample of the rows."),
    ),
    "data.croissant_unreadable": (
        _("The file croissant.json cannot be read as the description of a data set."),
        _("Write JSON-LD with the type Dataset, of at most 5 MB; check it with a validator of Croissant."),
    ),
    "data.provenance_missing": (
        _(
            "Neither the card nor croissant.json says %(lacking)s of %(of)s things about where the data comes from:"
            " %(fields)s."
        ),
        _("Fill in the fields and sections of the card, or the properties of croissant.json."),
    ),
    "data.provenance_not_read": (
        _("The data set has no card, so nothing is known of where the data comes from."),
        _("Write a card with sources, licence, languages, creators, and how the data was collected."),
    ),
    "data.too_few_rows": (
        _("The table has %(rows)s rows; with fewer than %(min_rows)s it cannot be said that nothing is wrong."),
        _("Bring a larger table."),
    ),
    "data.nothing_to_say": (
        _("Every column is empty or has a single value, so nothing can be said."),
        _("Check how the table was made."),
    ),
    "data.nothing_compared": (
        _(
            "Rows could not be compared: of %(columns)s columns %(set_aside)s are left out by the plan, and beside the"
            " label none is left that says anything."
        ),
        _("Take columns off the list of those to ignore, or bring the columns that describe a row."),
    ),
}
WHAT = {
    "email": _("e-mail addresses"),
    "iban": _("bank account numbers (IBAN)"),
    "payment_card": _("payment card numbers"),
    "snils": _("pension insurance numbers (SNILS)"),
    "inn": _("taxpayer numbers (INN)"),
    "passport": _("passport numbers"),
    "phone": _("telephone numbers"),
    "ip_address": _("internet addresses"),
}
"""Kind of personal data -> its name."""
SCRIPTS = {
    "latin": _("Latin"),
    "greek": _("Greek"),
    "cyrillic": _("Cyrillic"),
    "armenian": _("Armenian"),
    "hebrew": _("Hebrew"),
    "arabic": _("Arabic"),
    "devanagari": _("Devanagari"),
    "thai": _("Thai"),
    "georgian": _("Georgian"),
    "kana": _("Kana"),
    "han": _("Han"),
    "hangul": _("Hangul"),
}
FIELDS = {
    "sources": _("sources"),
    "licence": _("licence"),
    "languages": _("languages"),
    "creators": _("creators"),
    "size": _("size"),
    "creation": _("how it was made"),
    "personal_information": _("personal information"),
    "intended_uses": _("intended uses"),
    "limitations": _("limitations"),
    "opt_out": _("how people and sites can keep out of it"),
}
WHY = {
    "characters": _("characters"),
    "pictures": _("pictures"),
    "pairs of pictures": _("pairs of pictures"),
    "pairs to compare": _("pairs to compare"),
    "class_without_probability": _("a class has no column"),
    "not_a_number": _("a column holds what is not a number"),
    "not_a_probability": _("a column holds what is not a probability"),
    "do_not_add_up": _("they do not add up to 1"),
    "class_without_rows": _("a class has no rows"),
    "label_is_number": _("the label is a quantity"),
    "train_unknown": _("which split is trained on is not known"),
    "no_values": _("there are no values"),
    "not_a_time": _("a cell is neither a number nor a date"),
    "too_few_units": _("too few rows have two labels or more"),
    "too_varied": _("there are too many different values"),
    "too_many_values": _("there are too many different values"),
    "one_value": _("there is only one value"),
    "value_without_place": _("a value has no place in the order given"),
}
"""Values of the audit that stand in its sentences -> words."""
