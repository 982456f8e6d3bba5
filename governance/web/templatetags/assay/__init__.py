"""Template tags of the product: ``{% load assay %}``.

Presentation only: they import nothing of other rooms and ask no database.

==================================  ===================================================================================
``{% status "pass" %}``             shape and word; ``family="licence"`` chooses the words, ``label="…"`` replaces them,
                                    ``boxed=True`` for the one beside a title
``{% tone value "gate" %}``         the class ``tone-…`` of a word; ``{% word value "lane" %}`` its label alone;
                                    ``{% mark value %}`` its shape alone; ``{% icon "note" %}`` any symbol of the sprite
``{% digest value %}``              eight characters on the screen, the whole when copied and on paper
``{% rate value low high n %}``     44.8 % [42.6–47.2], n 1,795; also ``ratio``, ``points``, ``count``
``{% when dt %}``                   23 Nov 2026; ``time=True`` adds 14:01
``{% age dt %}``                    how long ago, in one unit
``{% duration s %}``                4 min 12 s
``{% bytes n %}``                   16.1 GB
``{% hallmark in_force=… %}``       the four punches, only for an approval that is in force
``{% interval_chart rows %}``       estimates with intervals; ``{% gauge value low high n %}`` one of them in the small
``{% calibration_chart groups %}``  calibration curves; ``{% heat_table table %}`` where two attributes meet
``{% lineage nodes edges %}``       what it was made of and what was made of it
``{% requirement_groups reqs as groups %}``  requirements by consequence
``{% field form.name %}``           one field with label, help and error
``{% rooms as list %}``             the navigation
``{% product_name %}``              the product's name
``{{ name|breakable }}``            a long name that breaks after underscores, not in the middle of a word
==================================  ===================================================================================
"""

from __future__ import annotations

from django import template

from governance.web.templatetags.assay import frame, measured, pictures, states, texts

register = template.Library()
for part in (states, measured, pictures, texts, frame):
    register.tags.update(part.library.tags)
    register.filters.update(part.library.filters)
