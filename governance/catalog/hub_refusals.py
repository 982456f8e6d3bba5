"""What is said when the Hub does not give what was asked: a code, and a line that says how to mend it.

No message holds a token, or anything that the Hub wrote: it may have been handed the token back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from governance.catalog.snapshots import SnapshotRefused


class HubRefused(SnapshotRefused):
    """The Hub did not give what was asked.

    ``status`` is the HTTP status, where there was one. ``retry_after`` are the seconds that the Hub asks to wait.
    ``passing`` says that asking later may help.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        passing: bool = False,
    ) -> None:
        super().__init__(code, message)
        self.status = status
        self.retry_after = retry_after
        self.passing = passing


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the Hub is asked for, by whom and with how much patience."""

    repo_id: str
    kind: str
    sha: str | None
    endpoint: str
    source: str
    token: str | None
    timeout: float
    wait: Callable[[float], None]

    @property
    def host(self) -> str:
        return self.source.removeprefix("hub:")

    @property
    def subject(self) -> str:
        return f"{self.kind} {self.repo_id} on {self.host}"


def gated(asked: Question, *, status: int | None) -> HubRefused:
    mend = (
        "the account behind HF_TOKEN has no access: ask for it on the repository's page"
        if asked.token
        else "ask for access on the repository's page and set HF_TOKEN"
    )
    return HubRefused("gated", f"{asked.subject} is gated; {mend}", status=status)


def not_found(asked: Question, *, status: int | None) -> HubRefused:
    private = "or the account behind HF_TOKEN may not see it" if asked.token else "or it is private and needs HF_TOKEN"
    return HubRefused(
        "repository_not_found", f"there is no {asked.subject}, {private}; check the id and the kind", status=status
    )


def revision_not_found(asked: Question, *, status: int | None) -> HubRefused:
    return HubRefused(
        "revision_not_found",
        f"{asked.subject} has no commit {asked.sha or 'yet'}; check that it was pushed there",
        status=status,
    )


def disabled(asked: Question, *, status: int | None) -> HubRefused:
    return HubRefused(
        "repository_disabled", f"{asked.subject} was disabled by the Hub and cannot be read", status=status
    )


def timed_out(asked: Question) -> HubRefused:
    return HubRefused(
        "hub_timeout",
        f"no answer about {asked.subject} within {asked.timeout:g} s; try again later",
        passing=True,
    )


def unreachable(asked: Question, why: str) -> HubRefused:
    return HubRefused(
        "hub_unreachable",
        f"cannot reach {asked.host} to ask about {asked.kind} {asked.repo_id} ({why}); check HF_ENDPOINT, the network "
        "and the proxy",
        passing=True,
    )


def no_hub_answer(asked: Question, why: str) -> HubRefused:
    return HubRefused("not_a_hub_answer", f"the answer about {asked.subject} {why}; check HF_ENDPOINT")


def by_status(asked: Question, *, status: int, retry_after: float | None) -> HubRefused:
    """The refusal for an HTTP status that came without a word of the Hub's own."""
    if status == 404 or (status == 401 and asked.token is None):
        return not_found(asked, status=status)
    if status == 401:
        return HubRefused(
            "token_refused", f"{asked.host} does not accept HF_TOKEN; make a new token there and set it", status=status
        )
    if status == 429:
        when = "later" if retry_after is None else f"in {retry_after:.0f} s"
        return HubRefused(
            "rate_limited",
            f"{asked.host} has had too many questions from here; ask again {when}, or set HF_TOKEN for a higher limit",
            status=status,
            retry_after=retry_after,
            passing=True,
        )
    passing = status >= 500 or status == 408
    mend = "try again later" if passing else "check HF_ENDPOINT and what HF_TOKEN may read"
    return HubRefused(
        "hub_error",
        f"{status} was the answer about {asked.subject}; {mend}",
        status=status,
        retry_after=retry_after if passing else None,
        passing=passing,
    )


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds, given as seconds or as a date; None where it is absent or neither."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
