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

How a verdict comes about, in the order of the files:

1. ``expressions``: what a card declares becomes rows of the table, joined by AND, OR and WITH. Of an OR the branch
   that serves the whole case best is taken and recorded; an exception stays with its licence.
2. ``works`` and ``lineage``: the works upstream of the artefact, however far. Relations are composed along each path:
   the strongest derivative relation counts; training dominates; training behind somebody else's model gets weaker
   codes (W-TRAIN-*); what a Space serves, or what is vendored as code, is judged as that. Every finding keeps its
   chain and the relation of every hop. A work upstream of itself is a warning (W-CYCLE).
3. ``limits``, then ``rules``: what the licence does not grant to this user, then what it asks of what was made from
   it. A profile value that nobody gave clears no limit.
4. ``compat.merges``: works combined in one are compared pair by pair (C-MERGE, or U-MERGE where counsel has to say).
5. ``matrix``: code inside code, by OSADL's matrix, named with its stamp.
6. Overrides of a reviewer move their findings aside, shown and not counted. The worst severity of what is left is the
   verdict: conflict > unknown > warning > obligation > pass.

Which duties bind depends on the mode; what does not bind is kept as *latent* and shown:

=====================  ===================================  ======================================================
mode                   limits on use, no-compete            what begins with distribution (copies, notices, same
                                                            licence, terms, names, badges, sharing, clashes)
=====================  ===================================  ======================================================
internal               bind                                 latent
saas                   bind; ``hosted`` is asked            bind where ``hosted`` is dist or network_src (and c, but
                                                            for legalistic readers), else latent
redistribute_outputs   bind                                 bind for published content, latent for the model
redistribute_*         bind; ``redistribute`` is asked      bind
sublicense             bind; ``sublicense`` is asked too    bind
=====================  ===================================  ======================================================

To try a reading before it is shipped, lay it over the table: ``compat.check(case, corrections=[…])`` judges by
corrected cells, each with its section, and refuses what the file could not hold (``catalogue.corrected``).

To change a reading, edit the cell, say where it stands in ``source_ref``, and run the tests of ``tests/licenses``: the
table is checked when it is read, and a wrong word is refused with line and column. ``catalogue.table_digest()`` changes
with every edit and is stored with every decision, so an old decision can be told from a new reading. No licence is
named in the code: a rule that only one text needs is a column or a clause.

What comes out is a comparison of a declared use with a table of readings. The readings are the project's, not the
licensors'; where they do not suffice the answer is ``unknown``, with a code that says what is missing.
"""
