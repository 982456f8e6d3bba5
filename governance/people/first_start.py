"""The first start: whoever sees the server's terminal may make the first account, once."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from governance.people.models import FirstStart, Team, User
from governance.people.rules import PeopleRefused
from governance.people.services import accounts

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that are taken for another
LENGTH = 12
LIFE = dt.timedelta(hours=1)
TRIES = 5
RENEWED_AFTER = dt.timedelta(minutes=1)


def is_open() -> bool:
    """Whether nobody has an account yet. Services are not people."""
    return not User.objects.filter(kind=User.Kind.PERSON).exists()


@transaction.atomic
def make_code(*, at: dt.datetime, renew: bool = False) -> str | None:
    """A new code for the terminal, as ``ABCD-EFGH-JKLM``; None while the one that was printed can still be used.

    ``renew`` makes one all the same, at most every minute. Only its digest is kept.
    """
    code = "".join(secrets.choice(LETTERS) for _place in range(LENGTH))
    kept, is_new = FirstStart.objects.select_for_update().get_or_create(
        pk=FirstStart.ONLY, defaults={"code_sha256": _digest(code), "made_at": at}
    )
    if not is_new:
        usable = kept.tries < TRIES and at - kept.made_at < LIFE
        if at - kept.made_at < RENEWED_AFTER or (usable and not renew):
            return None
        FirstStart.objects.filter(pk=kept.pk).update(code_sha256=_digest(code), made_at=at, tries=0)
    return "-".join(code[place : place + 4] for place in range(0, LENGTH, 4))


def check_code(code: str, *, at: dt.datetime) -> None:
    """Count a try, whatever becomes of it, and compare.

    Raises:
        PeopleRefused: the code is wrong, or is over after an hour or five tries.
    """
    live = FirstStart.objects.filter(pk=FirstStart.ONLY, tries__lt=TRIES, made_at__gt=at - LIFE)
    if not live.update(tries=F("tries") + 1):
        raise PeopleRefused(_("This code is over; have a new one printed."))
    kept = FirstStart.objects.get(pk=FirstStart.ONLY)
    if not hmac.compare_digest(kept.code_sha256, _digest(code)):
        raise PeopleRefused(_("This is not the code that was printed on the server’s terminal."))


@transaction.atomic
def set_up(*, email: str, name: str, password: str, team: str, at: dt.datetime) -> tuple[User, Team]:
    """Make the first account; of two people who try at once, one does.

    Raises:
        PeopleRefused: somebody has an account by now, or as for ``accounts.set_up``.
    """
    FirstStart.objects.select_for_update().filter(pk=FirstStart.ONLY).first()
    if not is_open():
        raise PeopleRefused(_("Somebody has made the first account by now; sign in or ask to be invited."))
    made = accounts.set_up(email=email, name=name, password=password, team=team, at=at)
    FirstStart.objects.filter(pk=FirstStart.ONLY).delete()
    return made


def _digest(code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter in LETTERS)
    return hashlib.sha256(plain.encode()).hexdigest()
