"""Tokens, with which programs act for somebody."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from governance.ledger import services as ledger
from governance.people import tokens
from governance.people.models import Scope, Token, User
from governance.people.rules import PeopleRefused, only_admins

LONGEST_TOKEN_DAYS = 365
MOST_TOKENS = 100


@transaction.atomic
def issue_token(
    *, user: User, name: str, scopes: Sequence[str], days: int, by: User | None, at: dt.datetime
) -> tuple[Token, str]:
    """Make a token for oneself or, by a command, for a person or service. The secret is returned once and never kept.

    Raises:
        PeopleRefused: an unknown scope, none, a life outside 1 to 365 days, or somebody else's.
    """
    if by is not None and by.pk != user.pk:
        raise PeopleRefused(_("A token is made by the person whom it stands for."))
    unknown = sorted(set(scopes) - set(Scope.values))
    known = ", ".join(Scope.values)
    if unknown:
        refusal = _("There is no scope {scope}; the scopes are {known}.")
        raise PeopleRefused(refusal.format(scope=ascii(unknown[0][:40]), known=known))
    if not scopes:
        raise PeopleRefused(_("A token needs a scope; the scopes are {known}.").format(known=known))
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise PeopleRefused(_("A token lives from 1 to {most} days.").format(most=LONGEST_TOKEN_DAYS))
    if not re.fullmatch(r"[\w .:@/+-]{1,80}", name):
        raise PeopleRefused(_("Name the token in up to 80 letters, digits, blanks and .:@/+-"))
    if not user.is_active:
        raise PeopleRefused(_("The account {email} is switched off.").format(email=user.email))
    if Token.objects.usable(at=at).filter(user=user).count() >= MOST_TOKENS:
        raise PeopleRefused(_("There are {most} tokens in use; revoke some first.").format(most=MOST_TOKENS))
    prefix, secret = tokens.make()
    token = Token.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        sha256=tokens.digest(secret),
        scopes=sorted(set(scopes)),
        created_at=at,
        expires_at=at + dt.timedelta(days=days),
    )
    detail = {"scopes": token.scopes, "days": days}
    ledger.record(verb="token.issued", object_kind="token", object_ref=prefix, actor=by, at=at, detail=detail)
    return token, secret


@transaction.atomic
def revoke_token(*, token: Token, by: User | None, at: dt.datetime) -> None:
    """Make a token open nothing from now on: one's own, or anybody's for an administrator of the organisation."""
    if by is None or by.pk != token.user_id:
        only_admins(by, team=None)
    revoke(token, by=by, at=at)


def revoke(token: Token, *, by: User | None, at: dt.datetime) -> None:
    """Revoke a token, whoever may have asked for it."""
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        ledger.record(verb="token.revoked", object_kind="token", object_ref=token.prefix, actor=by, at=at)
