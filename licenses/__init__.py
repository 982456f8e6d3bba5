"""What a licence allows: a table of terms, read column by column, and the engine that compares it with a use.

For the person who reads or edits the table (a lawyer, mostly):

``data/licences.csv`` has one row per licence. A cell is a word of a small vocabulary (``terms.DOMAINS`` lists it);
``source_ref`` names the sections that the row was read from, ``source_url`` the text, ``evidence`` how far the text was
read (``not_read`` makes every answer ``unknown``). Three groups of columns carry the decisions:

* what the text grants: ``use`` (any | nc | research | …), ``redistribute``, ``share_modified``, ``sublicense``,
  ``hosted`` (does a hosted service count as distribution?), ``outputs``, ``train_with_outputs``, and the limits
  ``mau_cap``, ``revenue_cap_usd_year``, ``territory_excl``, ``field_excl``;
* what it asks in return: ``attribution``, ``licence_copy``, ``notice_file``, ``state_changes``, ``disclose_source``,
  ``badge``, ``name_prefix``, ``flow_down``, ``use_restrictions``;
* how far it reaches, one column per relation between two works (``reach_finetune`` … ``reach_dataset_inclusion``):
  ``none``, ``notice``, ``flow`` (own licence, restrictions carried), ``terms`` (the agreement itself follows),
  ``same``, ``nc``, ``nd`` and others, joined by ``+``. ``unclear:`` in front says that the text is silent and the word
  is the cautious reading; the profile's ``strictness`` decides whether it binds, warns or falls away.

``read_on`` is the day (or month) on which the row was read, so that a page can say so beside the section.

``data/clauses.csv`` holds what has no column: named compatible licences, extra duties, what a territory is measured by,
which Hub identifiers name no text. Every line has its section. ``data/hf_ids.csv`` is the Hub's own list,
``data/texts.csv`` the hashes by which a LICENSE file is recognised (``texts``).

To change a reading, edit the cell, say where it stands in ``source_ref``, and run the tests of ``tests/licenses``: the
table is checked when it is read, and a wrong word is refused with line and column. ``catalogue.table_digest()`` changes
with every edit and is stored with every decision, so an old decision can be told from a new reading. No licence is
named in the code: a rule that only one text needs is a column or a clause.

What comes out is a comparison of a declared use with a table of readings. The readings are the project's, not the
licensors'; where they do not suffice the answer is ``unknown``, with a code that says what is missing.
"""
