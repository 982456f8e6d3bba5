"""A program behind walls that answers questions, watched while it does."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from audits.sandbox import cgroups, walls, watching
from audits.sandbox.exchange import Reading, Writing
from audits.sandbox.inside import wire
from audits.sandbox.lending import Lending
from audits.sandbox.levels import LOWEST, Isolation, Level
from audits.sandbox.limits import MB, Limits
from audits.sandbox.refusals import NotIsolated, Refused, Stopped
from audits.sandbox.runtime import OURS, ROOT, TOP, Runtime, environment
from audits.sandbox.runtime import runtime as own

Tick = Callable[[], None]

LAUNCHER = ROOT / OURS[-1] / "launch.py"
LOOK_EVERY_S = 0.1
KEPT_TALK = 4096
# Questions that are put before the answer to the one before them is there.
AHEAD = 1
START_SECONDS = 30.0
# Given to a program whose pipe has closed to be dead by itself, so that its exit says what happened.
GRACE_S = 2.0
# Into its control groups first, so that all that it starts is in them.
INTO_GROUPS = (
    'for g in $GROUPS_OF_CELL; do echo $$ >"$g/cgroup.procs" || exit 97; done; unset GROUPS_OF_CELL; exec "$@"'
)


class Cell:
    """One program, started on entering and dead on leaving.

    The program is a Python file with a function ``serve(channel)``; it runs with this process's interpreter and
    packages, or with those of another runtime, reads what is given as readable, and talks through its channel alone.
    Nothing that it answers is to be believed beyond its being an answer. Enter and leave in one thread: with that
    thread the program dies.

    Args:
        program: the file; None starts and confines, and runs nothing.
        isolation: how; ``probing.probe()`` says what is best here.
        readable: files and folders that it may read, at their own paths.
        tick: called several times a second while an answer is awaited; what it raises ends the program.
        lowest: below this level nothing is run.
        runtime: another interpreter, of Python 3.11 or newer, and where it imports from; None for this process's own.
    """

    def __init__(
        self,
        program: Path | None,
        *,
        isolation: Isolation,
        readable: Sequence[Path] = (),
        limits: Limits | None = None,
        tick: Tick = lambda: None,
        lowest: Level = LOWEST,
        runtime: Runtime | None = None,
    ) -> None:
        self._runtime = runtime or own()
        self.program = None if program is None else program.resolve()
        self.readable = [path.resolve(strict=True) for path in readable]
        self.limits = limits or Limits()
        self.isolation = isolation
        self.peak_memory_bytes = 0
        self._tick, self._lowest = tick, lowest
        self._talk, self._talked = bytearray(), 0
        self._writing, self._unheard, self._is_asking = Writing(), 0, False
        self._ends: deque[int] = deque()
        self._lending: Lending | None = None
        self._held = contextlib.ExitStack()

    def __enter__(self) -> Cell:
        lowest = max(self._lowest, Level.L1)
        if self.isolation.level < lowest:
            raise NotIsolated(
                f"models are not executed here: isolation is {self.isolation.level.name}, and at least {lowest.name} "
                f"is needed ({'; '.join(self.isolation.lacking)}). Install bubblewrap and allow user namespaces, or "
                "audit a table of predictions instead"
            )
        try:
            self._start()
            self._begun = self._looked = time.monotonic()
            confined = self._answer(START_SECONDS)[0].get("confined")
            if confined != {"landlock": self.isolation.landlock, "seccomp": True}:
                raise NotIsolated("the program could not be confined and was not run")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def pid(self) -> int:
        """The outermost process of the program: a wall, or itself."""
        return self._process.pid

    def ask(
        self, head: Mapping[str, Any], *parts: Any, seconds: float | None = None
    ) -> tuple[dict[str, Any], memoryview]:
        """Put a question and wait for its answer.

        Args:
            head: JSON-ready.
            parts: anything with bytes in it, sent one after another.
            seconds: by the clock, for this answer; ``limits.answer_seconds`` where None.

        Returns:
            The head of the answer and its bytes, both untrusted.

        Raises:
            Refused: the program says so, with a code of its own.
            Stopped: no answer; the program is dead.
        """
        with contextlib.closing(self.ask_each([(head, parts)], seconds=seconds)) as answers:
            return next(answers)

    def ask_each(
        self, questions: Iterable[tuple[Mapping[str, Any], Sequence[Any]]], *, seconds: float | None = None
    ) -> Generator[tuple[dict[str, Any], memoryview], None, None]:
        """Put questions, the next one already while an answer is awaited, so that the program need not wait for it.

        Args:
            questions: each a head and parts, as in ``ask``; read one further than answers are taken.
            seconds: as in ``ask``, for each answer.

        Yields:
            The answers, as ``ask`` returns them.

        Raises:
            Refused, Stopped: as ``ask``. After Refused other questions may be put.
            RuntimeError: other questions are being put, whose answers are not all taken.
        """
        if self._is_asking:
            raise RuntimeError("take all answers, or close what gives them, before anything else is asked")
        self._is_asking = True
        unanswered = 0
        try:
            for head, parts in questions:
                self._forget_unheard()
                self._put(head, parts)
                unanswered += 1
                if unanswered > AHEAD:
                    unanswered -= 1
                    yield self._heard(seconds)
            while unanswered:
                unanswered -= 1
                yield self._heard(seconds)
        finally:
            self._is_asking = False
            self._unheard += unanswered

    def _put(self, head: Mapping[str, Any], parts: Sequence[Any]) -> None:
        views = [memoryview(part).cast("B") for part in parts if memoryview(part).nbytes]
        size = sum(view.nbytes for view in views)
        place = None if self._lending is None else self._lending.lend(views)
        if place is None:
            self._writing.add((memoryview(wire.packed(head, size)), *views))
        else:
            self._writing.add((memoryview(wire.packed(head, size, place)),))
        self._ends.append(self._writing.added)
        self._writing.write(self._pipes()[0].fileno())  # what there is room for; the rest while the answer is awaited

    def _forget_unheard(self) -> None:
        """Take the answers that nobody has waited for, so that they are not taken for those of what is asked now."""
        while self._unheard:
            self._unheard -= 1
            with contextlib.suppress(Refused):
                self._heard()

    def _heard(self, seconds: float | None = None) -> tuple[dict[str, Any], memoryview]:
        end = self._ends.popleft()
        try:
            answer, body = self._answer(self.limits.answer_seconds if seconds is None else seconds)
        except BaseException:
            self._end()
            raise
        refused = answer.get("error")
        if refused is None:
            self._require_asked(end)
            return answer, body
        self._measure()
        said = refused if isinstance(refused, dict) else {}
        code, message = (_shown(str(said.get(key, ""))[:1000]) for key in ("code", "message"))
        if code in ("out_of_memory", "program_failed"):
            self._end()
            raise Stopped(code, message, said=self._said())
        self._require_asked(end)
        raise Refused(code[:60], message)

    def _require_asked(self, end: int) -> None:
        """End a program that has answered a question before all of it was sent: this process would keep one question
        after another for it."""
        if self._writing.written < end:
            self._end()
            raise Stopped("bad_answer", "the program answered before it had the whole question", said=self._said())

    def _start(self) -> None:
        run = self._runtime
        with contextlib.suppress(OSError):  # then everything goes through the pipe
            self._lending = self._held.enter_context(Lending(AHEAD + 1))
        inner_readable = [*run.readable, *self.readable] + ([self.program] if self.program else [])
        told = {
            "program": None if self.program is None else str(self.program),
            "readable": [str(path) for path in inner_readable] + list(TOP),
            "import_from": [str(path) for path in run.import_from],
            "limits": self.limits.as_rlimits(),
            # behind other walls the parent is not to be seen, and they see to it
            "parent": os.getpid() if self.isolation.wall == walls.NONE else None,
            "lent": None if self._lending is None else self._lending.descriptor,
        }
        # -s -P -S: nothing of a user's, of the folder or of .pth files is imported
        inner = [str(run.python), "-s", "-P", "-S", "-B", "-u", str(LAUNCHER), json.dumps(told)]
        outer = walls.command(self.isolation.wall, inner, readable=inner_readable)
        variables = environment(cores=self.limits.cores)
        self._group = None
        if self.isolation.cgroup:
            self._group = self._held.enter_context(
                cgroups.group(memory_bytes=self.limits.memory_bytes, tasks=self.limits.threads + 8)
            )
            if self._group is None:
                raise NotIsolated("the control group of this program could not be made; ask again")
            variables["GROUPS_OF_CELL"] = " ".join(map(str, self._group.folders))
            outer = ["/bin/sh", "-c", INTO_GROUPS, "sh", *outer]
        self._process = subprocess.Popen(  # noqa: S603 - a command of our own making, no shell parses what it is given
            outer,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables,
            cwd="/",
            pass_fds=() if self._lending is None else (self._lending.descriptor,),
            start_new_session=True,
            bufsize=0,
        )
        for pipe in self._pipes():
            os.set_blocking(pipe.fileno(), False)
            with contextlib.suppress(OSError):  # as large as this user may have them
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, MB)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("the program was started without pipes")
        return process.stdin, process.stdout, process.stderr

    def _answer(self, seconds: float) -> tuple[dict[str, Any], memoryview]:
        """Write questions while reading the next answer, and look at the program all the while."""
        asks, answers, talk = (pipe.fileno() for pipe in self._pipes())
        until = min(time.monotonic() + seconds, self._begun + self.limits.seconds)
        writing, reading = self._writing, Reading(self.limits.answer_bytes)
        self._look_at_times(until)  # here too: an answer that is there already lets nobody wait below
        with selectors.PollSelector() as ready:
            ready.register(answers, selectors.EVENT_READ)
            ready.register(talk, selectors.EVENT_READ)
            if not writing.done:
                ready.register(asks, selectors.EVENT_WRITE)
            while True:
                for key, _ in ready.select(LOOK_EVERY_S):
                    if key.fd == asks:
                        writing.write(asks)
                        if writing.done:
                            ready.unregister(asks)
                    elif key.fd == talk:
                        if not self._hear(talk):
                            ready.unregister(talk)  # closed: it would be ready for ever
                    elif self._read(reading, answers):
                        return reading.head, reading.body
                self._look_at_times(until)

    def _look_at_times(self, until: float) -> None:
        """Look at the program, and let the caller look around, every so often."""
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY_S:
            self._looked = now
            self._look(now, until)
            self._tick()

    def _read(self, reading: Reading, answers: int) -> bool:
        try:
            return reading.read(answers)
        except EOFError:
            raise self._ended() from None
        except OverflowError as large:
            raise Stopped("too_much_output", str(large), said=self._said()) from None
        except wire.Broken as odd:
            raise Stopped("bad_answer", f"the program's answer is none: {odd}", said=self._said()) from odd

    def _look(self, now: float, until: float) -> None:
        if now > until:
            raise Stopped("out_of_time", "the program did not answer in its time", said=self._said())
        used = self._measure()
        if used.resident > self.limits.memory_bytes:
            raise Stopped("out_of_memory", f"the program used {used.resident} bytes of memory", said=self._said())
        # besides its own threads there are those of the walls: a shell, a monitor, a first process
        if used.threads > self.limits.threads + 4:
            raise Stopped("too_many_threads", f"the program started {used.threads} threads", said=self._said())

    def _hear(self, descriptor: int) -> bool:
        """Take what was printed; False when there is no more for now."""
        try:
            words = os.read(descriptor, MB)
        except BlockingIOError:
            return False
        self._talked += len(words)
        self._talk = (self._talk + words)[-KEPT_TALK:]
        if self._talked > self.limits.talk_bytes:
            raise Stopped("too_much_output", f"the program printed more than {self.limits.talk_bytes} bytes")
        return bool(words)

    def _said(self) -> str:
        return _shown(self._talk.decode("utf-8", "replace"))

    def _ended(self) -> Stopped:
        """Why the program is no more."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        with contextlib.suppress(Stopped):
            while self._hear(self._pipes()[2].fileno()):
                pass
        status = self._process.poll()
        if self._group is not None and self._group.ran_out_of_memory():
            return Stopped("out_of_memory", "the program was ended for its memory", said=self._said())
        return Stopped("crashed", f"the program ended without an answer (status {status})", said=self._said())

    def _measure(self) -> watching.Use:
        used = watching.use(self._process.pid)
        self.peak_memory_bytes = max(self.peak_memory_bytes, used.peak)
        return used

    def _end(self) -> None:
        self._measure()
        watching.end(self._process)

    def _close(self) -> None:
        process = getattr(self, "_process", None)
        if process is not None:
            self._end()
            for pipe in self._pipes():
                pipe.close()
        self._held.close()


def _shown(text: str) -> str:
    """A stranger's words without what moves a terminal's cursor or breaks a database's text."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)
