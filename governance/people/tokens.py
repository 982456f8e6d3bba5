"""Tokens: ``asy_<8 public>_<43 secret>_<crc32>``. The form lets secret scanners find one; only its SHA-256 is kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
import zlib
from functools import cache
from typing import Any

from governance.people.models import Token, User
from governance.people.prepared import prepared_cursor
from governance.people.queries import Standing

FORM = re.compile(r"asy_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})_([0-9a-f]{8})")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
NOTE_USE_EVERY = dt.timedelta(minutes=1)


def make() -> tuple[str, str]:
    """A new token: its public prefix and the whole secret, shown once."""
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(8))
    body = f"asy_{prefix}_{secrets.token_urlsafe(32)}"
    return prefix, f"{body}_{_crc(body)}"


def digest(secret: str) -> str:
    """What is kept of a token: SHA-256 of the whole text. It has 256 random bits, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _crc(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def find(secret: str, *, at: dt.datetime) -> Token | None:
    """The usable token with this text, with its owner and the owner's roles; None if there is none. One query.

    A mistyped one is refused by its checksum, without a query.
    """
    form = FORM.fullmatch(secret)
    if form is None or _crc(secret.rpartition("_")[0]) != form[3]:
        return None
    token = _usable(form[1], at=at)
    if token is None or not hmac.compare_digest(token.sha256, digest(secret)):
        return None
    return token


def _usable(prefix: str, *, at: dt.datetime) -> Token | None:
    """As ``Token.objects.usable``, with the owner and the owner's roles.

    Written out, because every request to the REST interface pays for it: building it from models costs more than
    running it.
    """
    with prepared_cursor() as cursor:
        cursor.execute(_statement(), [prefix, at])
        row: Any = cursor.fetchone()
    if row is None:
        return None
    of_token, of_user = _columns(Token), _columns(User)
    token = Token.from_db("default", of_token, row[: len(of_token)])
    token.user = User.from_db("default", of_user, row[len(of_token) : -1])
    held = frozenset(_role(written) for written in row[-1])
    token.user._standing = Standing(held)  # type: ignore[attr-defined]  # kept, see queries.standing
    return token


@cache
def _columns(model: type[Token] | type[User]) -> list[str]:
    return [str(field.attname) for field in model._meta.concrete_fields]


@cache
def _statement() -> str:
    told = [f"token.{name}" for name in _columns(Token)] + [f"owner.{name}" for name in _columns(User)]
    return f"""
        SELECT {", ".join(told)}, ARRAY(
            SELECT concat(team_id, '|', role, '|', lane) FROM people_membership WHERE user_id = owner.id
        )
        FROM people_token token JOIN people_user owner ON owner.id = token.user_id
        WHERE token.prefix = %s AND token.revoked_at IS NULL AND token.expires_at > %s AND owner.is_active
    """  # noqa: S608 (names of our columns)


def _role(written: str) -> tuple[int | None, str, str]:
    team, role, lane = written.split("|")
    return (int(team) if team else None, role, lane)


def note_use(token: Token, *, ip: str | None, at: dt.datetime) -> None:
    """Remember when and from where a token was used, at most once a minute."""
    if token.last_used_at is None or at - token.last_used_at > NOTE_USE_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used_at=at, last_used_ip=ip)
