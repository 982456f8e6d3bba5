"""Words for what a mitigation proposal says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

SENTENCES: Mapping[str, tuple[_StrPromise, _StrPromise]] = {
    "mitigation.proposed": (
        _(
            "On rows that nothing was learned on (%(n)s), a way to narrow %(metric)s by %(attribute)s changed it from"
            " %(before)s to %(after)s, and accuracy from %(accuracy_before)s to %(accuracy_after)s."
        ),
        _(
            "It is a proposal (%(method)s), tried on this table alone. A person decides whether it may and should be"
            " used."
        ),
    ),
    "mitigation.no_better": (
        _(
            "On rows that nothing was learned on (%(n)s), none of the ways that were tried narrowed %(metric)s by"
            " %(attribute)s."
        ),
        _("Look at the features and labels themselves: what is wrong may lie in the data."),
    ),
}
