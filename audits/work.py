"""Work that is a row: one worker takes it up under a lease, and it is put back, ended or given up with its reason.

The row is the work and a message only wakes a worker, so that a message that is lost, doubled or late changes nothing.
A row waits (``QUEUED``), is held by one worker (``RUNNING``) until it is ``DONE`` or given up, in a state that each
model names for itself. Whoever takes a row raises its ``attempt`` and holds it until ``lease_until``, by the database's
clock. All that a worker writes names its own attempt: one that was thought dead and is not cannot write any more. The
lease of a worker that is gone runs out, and whoever sweeps has the row done by another, as often as attempts allow.

A model is a ``Work``, with ``Due`` and ``Told`` where it waits for a moment and notes when workers were told of it. A
``Queue`` is the frame around what a room does with its rows: the room says what is done, and with which words it fails.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection, models, transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Now

logger = logging.getLogger(__name__)

QUEUED, RUNNING, DONE = "queued", "running", "done"
# A message that was taken up would have moved the row on by now.
TOLD_FOR = dt.timedelta(seconds=60)
TOLD_AT_ONCE = 100


class Work(models.Model):
    """A row that is work. ``state`` is one of ``QUEUED``, ``RUNNING``, ``DONE`` and the one that says it was given up;
    a worker may end it only while ``attempt`` is its own.
    """

    requested_at = models.DateTimeField()
    state = models.CharField(max_length=8)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Due(models.Model):
    """Work that is not taken up before a moment: that of its asking, or one that a pause has put off."""

    due_at = models.DateTimeField()

    class Meta:
        abstract = True


class Told(models.Model):
    """Work that notes when a message last told the workers of it, so that the sweep tells them again."""

    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


def lease_while_running(name: str) -> models.CheckConstraint:
    """That a row has a lease while a worker holds it, and at no other time."""
    held = Q(state=RUNNING, lease_until__isnull=False)
    return models.CheckConstraint(condition=held | (~Q(state=RUNNING) & Q(lease_until=None)), name=name)


class Lost(Exception):
    """Another worker holds the row by now."""


@dataclass(frozen=True)
class Pause:
    """How long a row waits that was put back: ``first``, then twice as long each time, up to ``longest``."""

    first: dt.timedelta
    longest: dt.timedelta

    def after(self, attempt: int, *, at_least: float | None = None) -> dt.timedelta:
        """The pause after an attempt (counted from 1), and no shorter than so many seconds that somebody asked for."""
        pause: dt.timedelta = min(self.first * 2 ** (attempt - 1), self.longest)
        if at_least is not None:
            pause = min(max(pause, dt.timedelta(seconds=at_least)), self.longest)
        return pause


W = TypeVar("W", bound=Work)


class Queue(Generic[W]):
    """How the rows of one model are taken up, held, ended, put back and swept.

    Args:
        model: whose rows are the work.
        given_up: the state of a row that was given up.
        lease: for how long a worker holds a row without a sign of life.
        attempts: how often a row is taken up at the most.
        order: in which order waiting rows are taken up, down to a unique column.
        related: what is read together with a row.
        pause: between two attempts, of a ``Due`` model; None: a row that is put back keeps its moment.
    """

    def __init__(
        self,
        model: type[W],
        *,
        given_up: str,
        lease: dt.timedelta,
        attempts: int,
        order: tuple[str, ...] = ("due_at", "pk"),
        related: tuple[str, ...] = (),
        pause: Pause | None = None,
    ) -> None:
        self.model = model
        self.given_up = given_up
        self.lease = lease
        self.attempts = attempts
        self.order = order
        self.related = related
        self.pause = pause

    # --- which rows --------------------------------------------------------------------------------------------------

    def waiting(self) -> QuerySet[W]:
        """Rows that a worker may take up now."""
        rows = self._rows().filter(state=QUEUED)
        return rows.filter(Q(due_at__lte=Now())) if issubclass(self.model, Due) else rows

    def untold(self) -> QuerySet[W]:
        """Waiting rows of a ``Told`` model of which nobody was told lately."""
        return self.waiting().filter(Q(told_at=None) | Q(told_at__lte=Now() - Value(TOLD_FOR)))

    def lost(self) -> QuerySet[W]:
        """Rows whose worker is gone: its lease has run out."""
        return self._rows().filter(state=RUNNING, lease_until__lte=Now())

    def held(self, row: W) -> QuerySet[W]:
        """A row that was taken up, while this attempt still holds it: no row once another has it."""
        return self._rows().filter(pk=row.pk, state=RUNNING, attempt=row.attempt)

    def lost_still(self, row: W) -> QuerySet[W]:
        """A row that was found lost, unless somebody has seen to it meanwhile."""
        return self.held(row).filter(lease_until__lte=Now())

    def is_last(self, row: W) -> bool:
        """Whether a row that was taken up has no further attempt."""
        return row.attempt >= self.attempts

    def read(self, pk: int) -> W:
        """A row with what is read together with it. One query."""
        return self._rows().select_related(*self.related).get(pk=pk)

    def _rows(self) -> QuerySet[W]:
        return self.model._default_manager.all()

    # --- taking up ---------------------------------------------------------------------------------------------------

    def take(self, pk: int) -> W | None:
        """Take up one row by compare-and-swap; None where it is not due, or not this worker's to do. Two statements."""
        return self.read(pk) if self._take(self.waiting().filter(pk=pk)) else None

    def take_next(
        self, rows: QuerySet[W] | None = None, *, worn_out: Mapping[str, Any] | None = None, **afresh: Any
    ) -> W | None:
        """Take up the next row, as ``take_some`` does; None where nothing waits, or the next is worn out."""
        return next(iter(self.take_some(rows, most=1, worn_out=worn_out, **afresh)), None)

    def take_some(
        self,
        rows: QuerySet[W] | None = None,
        *,
        most: int,
        worn_out: Mapping[str, Any] | None = None,
        **afresh: Any,
    ) -> list[W]:
        """Take up the next rows that no other worker is just taking. Three statements, one where nothing waits.

        Args:
            rows: those that may be taken up, if not what waits.
            most: how many are taken up together.
            worn_out: with which words a row ends that has no attempt left, where ``rows`` may have such; it counts
                among ``most`` and is not returned.
            afresh: columns that each attempt sets anew.
        """
        with transaction.atomic():
            found = (self.waiting() if rows is None else rows).select_for_update(skip_locked=True)
            attempts = dict(found.order_by(*self.order).values_list("pk", "attempt")[:most])
            spent = [pk for pk, attempt in attempts.items() if worn_out is not None and attempt >= self.attempts]
            if spent:
                self._end(self._rows().filter(pk__in=spent), state=self.given_up, **(worn_out or {}))
            taken = [pk for pk in attempts if pk not in spent]
            self._take(self._rows().filter(pk__in=taken), **afresh)
        return list(self._rows().select_related(*self.related).filter(pk__in=taken).order_by(*self.order))

    def _take(self, rows: QuerySet[W], **afresh: Any) -> int:
        until = Now() + Value(self.lease)
        return rows.update(state=RUNNING, attempt=F("attempt") + 1, lease_until=until, **afresh)

    # --- holding -----------------------------------------------------------------------------------------------------

    def renew(self, row: W, **progress: Any) -> None:
        """Hold a row for another lease, and say how far it is. One statement.

        Raises:
            Lost: another worker holds it by now.
        """
        if not self.held(row).update(lease_until=Now() + Value(self.lease), **progress):
            raise Lost

    # --- ending ------------------------------------------------------------------------------------------------------

    def end(self, row: W, *, state: str, rows: QuerySet[W] | None = None, **said: Any) -> bool:
        """End a row that this worker holds, and whether it still held it. One statement.

        Args:
            rows: the row under another condition than that this attempt holds it.
            said: further columns.
        """
        return bool(self._end(self.held(row) if rows is None else rows, state=state, **said))

    def give_up(self, row: W, *, rows: QuerySet[W] | None = None, **said: Any) -> bool:
        """End a row with the reason why it was not done, as ``end``."""
        return self.end(row, state=self.given_up, rows=rows, **said)

    def put_back(self, row: W, *, at_least: float | None = None, rows: QuerySet[W] | None = None, **said: Any) -> None:
        """Have a row wait for another attempt, after a pause that grows with each. One statement.

        Args:
            at_least: a pause in seconds that somebody asked for.
            rows, said: as ``end``.
        """
        if self.pause is not None:
            said["due_at"] = Now() + Value(self.pause.after(row.attempt, at_least=at_least))
        (self.held(row) if rows is None else rows).update(**self._waits, **said)

    def let_go(self, row: W) -> None:
        """Have the lease of a row run out now: the sweep has it tried again. One statement."""
        self.held(row).update(lease_until=Now())

    def _end(self, rows: QuerySet[W], **said: Any) -> int:
        return rows.update(lease_until=None, finished_at=Now(), **said)

    @property
    def _waits(self) -> dict[str, Any]:
        """The columns of a row that waits again."""
        waits: dict[str, Any] = {"state": QUEUED, "lease_until": None}
        return waits | {"told_at": None} if issubclass(self.model, Told) else waits

    # --- sweeping ----------------------------------------------------------------------------------------------------

    def take_back(self, **said: Any) -> None:
        """Have rows wait again whose worker is gone, and give up those that have no attempt left. Two statements.

        Args:
            said: with which words the latter end.
        """
        lost = self.lost()
        self._end(lost.filter(attempt__gte=self.attempts), state=self.given_up, **said)
        lost.update(**self._waits, **({"due_at": Now()} if issubclass(self.model, Due) else {}))

    def tell(self, wake: Callable[[int], bool]) -> int:
        """Tell the workers of rows of which they were not told lately, in their order.

        Args:
            wake: sends the message, given the row's key, and notes when; False where the broker took none.

        Returns:
            Of how many they were told.
        """
        told = 0
        for pk in self.untold().order_by(*self.order).values_list("pk", flat=True)[:TOLD_AT_ONCE]:
            if not wake(pk):
                break  # the broker is away: the next round tries again
            told += 1
        return told


def send(task: Any, *, waits: str, rows: QuerySet[Any] | None = None, **options: Any) -> bool:
    """Tell the workers by a message. A broker that is down is no error: the row waits, and is told of again.

    Args:
        task: the task that the message starts.
        waits: what waits then, for the log.
        rows: the rows of a ``Told`` model that note it.
        options: of the message: its arguments, the queue.

    Returns:
        Whether the broker took it.
    """
    try:
        task.apply_async(retry=False, **options)
    except Exception as unreachable:  # brokers' clients raise errors of many families
        logger.warning("%s, the broker took no message: %s", waits, unreachable)
        sent = False
    else:
        sent = True
    if rows is not None:
        rows.update(told_at=Now() if sent else None)
    return sent


@contextmanager
def heartbeat(beat: Callable[[], bool], *, every_s: float, name: str) -> Iterator[None]:
    """Have ``beat`` called from a thread and a connection of its own, whatever the caller is busy with.

    Args:
        beat: renews a lease; False ends the heartbeat. An error is logged, and the next round tries again.
        every_s: seconds between two.
        name: of the thread, and in the log.
    """
    ended = threading.Event()

    def beating() -> None:
        try:
            while not ended.wait(every_s):
                try:
                    if not beat():
                        return
                except Exception:
                    logger.exception("the %s failed, trying again", name)
                    connection.close()
        finally:
            connection.close()

    thread = threading.Thread(target=beating, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(5)
