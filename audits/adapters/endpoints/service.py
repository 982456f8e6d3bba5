"""The adapter of services: many requests at once, each with its time, tries and bound on costs.

It runs in the worker, since what is isolated has no network. Nothing of a model runs here; what an answer costs, how
long it takes and what it says is the service's word, and results say so (origin ``endpoint``).
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import hashlib
import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import rfc8785

from audits.adapters import protocol, tensors
from audits.adapters.endpoints import guard, protocols
from audits.adapters.endpoints.asking import Answer, Flight, Unanswered, post
from audits.adapters.endpoints.guard import Allowed, Place
from audits.adapters.endpoints.protocols import Language, Question
from audits.adapters.endpoints.spending import Caps, Purse
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.signature import Signature
from audits.adapters.tensors import Array, Batch
from audits.sandbox.cell import Tick
from audits.sandbox.levels import LOWEST, Isolation, Level
from audits.sandbox.limits import Limits

LOOK_EVERY_S = 0.1
# Too many requests, and what passes by itself; any other answer stays what it is.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_WAIT_S = 30.0
SHOWN = 300
MOST_MODELS, LONGEST_MODEL = 20, 200
BY_PATH = {
    "/chat/completions": "openai-chat",
    "/completions": "openai-completions",
    "/embed": "tei-embed",
    "/predict": "tei-predict",
    "/rerank": "tei-rerank",
}


@dataclass(frozen=True)
class Endpoint:
    """How a service is asked. All of it is stored and shown: it holds no secret.

    Attributes:
        speaks: ``openai-chat``, ``openai-completions``, ``tei-embed``, ``tei-predict``, ``tei-rerank`` or ``json``;
            empty where the path says it.
        model: as the service calls it, for OpenAI's protocols.
        parameters: of a completion; ``max_tokens`` bounds what it costs.
        template, answer, numbers: of ``json``, see ``protocols.Template``.
        timeout_s: for one try, from the first byte sent to the last one read.
        retries: further tries after what may pass; each waits twice as long as the one before, from ``backoff_s`` on,
            or as long as the service asks for.
    """

    url: str
    speaks: str = ""
    model: str = ""
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: protocols.PARAMETERS)
    template: Any = None
    answer: str = ""
    numbers: bool = False
    timeout_s: float = 60.0
    retries: int = 3
    backoff_s: float = 0.5
    concurrency: int = 4
    answer_bytes: int = 8 << 20
    caps: Caps = field(default_factory=Caps)

    def language(self) -> Language:
        """What it speaks.

        Raises:
            ModelRefused: nothing that is known, or a part is missing.
        """
        speaks = self.speaks or next((name for end, name in BY_PATH.items() if self._path().endswith(end)), "")
        if speaks.startswith("openai-") and not self.model:
            raise ModelRefused("endpoint_parameters", "model: which of the service's models is meant")
        if speaks in ("openai-chat", "openai-completions"):
            return protocols.Chat(self.model, speaks == "openai-chat", self.system, self.parameters)
        if speaks == "json":
            return protocols.Template(body=self.template, answer=self.answer, numbers=self.numbers)
        made: dict[str, Callable[[], Language]] = {
            "tei-embed": protocols.Embed,
            "tei-predict": protocols.Predict,
            "tei-rerank": protocols.Rerank,
        }
        if speaks not in made:
            known = ", ".join(["openai-chat", "openai-completions", *made, "json"])
            raise ModelRefused("endpoint_protocol", f"what the service speaks is not plain from its path; say {known}")
        return made[speaks]()

    def _path(self) -> str:
        return urlsplit(self.url).path.rstrip("/")

    def as_document(self) -> dict[str, Any]:
        """What its answers depend on; JSON-ready, RFC 8785."""
        return {
            "url": self.url,
            "speaks": self.speaks,
            "model": self.model,
            "system": self.system,
            "parameters": dict(self.parameters),
            "template": self.template,
            "answer": self.answer,
            "numbers": self.numbers,
        }


@dataclass(frozen=True)
class Service:
    """A service as a model.

    Its digest is that of how it is asked, since nobody here sees what answers; so nothing that it said is kept to be
    used again.
    """

    endpoint: Endpoint
    allowed: Allowed = field(default_factory=Allowed)
    resolve: guard.Resolve = guard.resolve

    kind = "http"
    origin = protocol.ENDPOINT
    keeps = False

    @property
    def digest(self) -> str:
        """See ``protocol.Adapter.digest``."""
        return hashlib.sha256(rfc8785.dumps(self.endpoint.as_document())).hexdigest()

    @property
    def runtime(self) -> Mapping[str, Any]:
        """How it is asked."""
        return {"adapter": 1, "options": self.endpoint.as_document()}

    @contextlib.contextmanager
    def open(
        self,
        *,
        isolation: Isolation | None = None,
        limits: Limits | None = None,
        lowest: Level = LOWEST,
        tick: Tick = lambda: None,
    ) -> Iterator[AskedService]:
        """See ``protocol.Adapter.open``. Nothing is sent yet; of isolation and its bounds nothing is needed.

        Raises:
            ModelRefused: the address may not be reached, or something about how it is asked is missing.
        """
        guard.require_no_secret(self.endpoint.url)
        language = self.endpoint.language()
        place = guard.place(self.endpoint.url, allowed=self.allowed, resolve=self.resolve)
        yield AskedService(self.endpoint, language, place, _secret(place, self.allowed), tick)


def _secret(place: Place, allowed: Allowed) -> str:
    """The value that the operator sends to this host; empty where there is none."""
    name = allowed.secrets.get(f"{place.host}:{place.port}") or allowed.secrets.get(place.host)
    if not name:
        return ""
    value = os.environ.get(name, "").strip()
    if not value or not value.isascii() or not value.isprintable():
        raise ModelRefused("secret_missing", f"this worker's environment holds no usable {name}; its operator sets it")
    return value


class AskedService:
    """A service that is asked."""

    isolation = None
    peak_memory_bytes = 0

    def __init__(self, endpoint: Endpoint, language: Language, place: Place, secret: str, tick: Tick) -> None:
        self._endpoint, self._language, self._place, self._secret = endpoint, language, place, secret
        self._tick = tick
        self._purse = Purse(endpoint.caps)
        self._context = _trusted()
        self._over = threading.Event()
        self._flights: set[Flight] = set()
        self._models: set[str] = set()

    @property
    def signature(self) -> Signature:
        return self._language.signature

    def facts(self) -> Mapping[str, Any]:
        """Where it is, what was used, and which models it says have answered."""
        where = {"address": self._place.origin, "answered_by": sorted(self._models)}
        return {"endpoint": where, "used": self._purse.as_document()}

    def predict(self, batch: Batch) -> dict[str, Array]:
        """See ``protocol.Running.predict``.

        Raises:
            ModelRefused: ``requests_cap``, ``tokens_cap`` or ``cost_cap`` where another request might pass a bound.
            ModelFailed: ``endpoint_unreachable``, ``endpoint_error``, ``redirected``, ``out_of_time``,
                ``too_much_output`` or ``wrong_answer``.
        """
        try:
            rows = self.signature.require(batch)
        except tensors.Malformed as odd:
            raise ModelRefused("inputs", str(odd)) from odd
        answers: list[Any] = [None] * rows
        pool = concurrent.futures.ThreadPoolExecutor(self._endpoint.concurrency, thread_name_prefix="endpoint")
        try:
            waiting = {pool.submit(self._asked, one): one for one in self._language.questions(batch)}
            while waiting:
                done, _ = concurrent.futures.wait(
                    waiting, timeout=LOOK_EVERY_S, return_when=concurrent.futures.FIRST_COMPLETED
                )
                for future in done:
                    for row, answer in zip(waiting.pop(future).rows, future.result(), strict=True):
                        answers[row] = answer
                self._end_late()
                self._tick()
        except BaseException:
            self._over.set()
            for flight in tuple(self._flights):
                flight.end("ended")
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return self._language.outputs(answers)

    def predict_each(self, batches: Iterable[Batch]) -> Iterator[dict[str, Array]]:
        """See ``protocol.Running.predict_each``. One after another: within one as many are asked at once as may be."""
        return map(self.predict, batches)

    def _end_late(self) -> None:
        now = time.monotonic()
        for flight in tuple(self._flights):
            if now > flight.until:
                flight.end("out_of_time")

    def _asked(self, question: Question) -> list[Any]:
        """One question, as often as it takes."""
        body = _encoded(question.body)
        for attempt in range(self._endpoint.retries + 1):
            wait = min(self._endpoint.backoff_s * 2**attempt, LONGEST_WAIT_S)
            last = attempt == self._endpoint.retries
            if self._over.is_set():
                raise ModelFailed("endpoint_unreachable", "asking was ended")
            self._purse.set_aside(question.most)
            try:
                answer = self._sent(body)
            except Unanswered as none:
                # what nobody has read costs nothing; of anything else nobody knows
                self._purse.settle(question.most, None if none.sent else (0, 0))
                if last or not none.again:
                    raise ModelFailed(none.code, str(none)) from none
            else:
                if answer.status == 200:
                    return self._read(answer, question)
                self._purse.settle(question.most, (0, 0) if answer.status in (401, 403, 404, 429) else None)
                if last or answer.status not in PASSING:
                    raise self._refused(answer)
                wait = max(wait, _asked_for(answer))
            self._over.wait(wait)
        raise AssertionError("the last attempt answers or raises")

    def _sent(self, body: bytes) -> Answer:
        flight = Flight(seconds=self._endpoint.timeout_s)
        self._flights.add(flight)
        headers = {"Authorization": f"Bearer {self._secret}"} if self._secret else {}
        try:
            return post(
                self._place,
                body,
                headers=headers,
                flight=flight,
                answer_bytes=self._endpoint.answer_bytes,
                context=self._context,
            )
        finally:
            self._flights.discard(flight)

    def _read(self, answer: Answer, question: Question) -> list[Any]:
        try:
            document = self._hidden(json.loads(answer.body, parse_constant=_no_number))
        except (ValueError, RecursionError) as odd:
            self._purse.settle(question.most, None)
            raise ModelFailed("wrong_answer", "the service answers something that is not JSON") from odd
        self._purse.settle(question.most, protocols.used(document, answer.headers))
        model = document.get("model") if isinstance(document, dict) else None
        if isinstance(model, str) and len(self._models) < MOST_MODELS:
            self._models.add(_printable(model)[:LONGEST_MODEL])
        return self._language.answers(document, question)

    def _refused(self, answer: Answer) -> ModelFailed:
        if 300 <= answer.status < 400:
            return ModelFailed(
                "redirected", f"the service sends elsewhere ({answer.status}), which is not followed; write where it is"
            )
        hint = ""
        if answer.status in (401, 403):
            hint = "; the operator names a secret for this host (ASSAY_MODEL_SECRETS)"
        # hidden before it is cut: half of a secret is none that would be found
        said = _printable(self._hidden(answer.body.decode("utf-8", "replace"))[:SHOWN])
        return ModelFailed("endpoint_error", f"the service answered {answer.status}{hint}: {said}", said=said)

    def _hidden(self, said: Any) -> Any:
        """What a stranger says without our secret, should they repeat it: answers are stored and shown."""
        if not self._secret:
            return said
        if isinstance(said, str):
            return said.replace(self._secret, "…")
        if isinstance(said, list):
            return [self._hidden(one) for one in said]
        if isinstance(said, dict):
            return {self._hidden(name): self._hidden(one) for name, one in said.items()}
        return said


def _printable(text: str) -> str:
    """Words without what moves a cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Whom this machine trusts; read once."""
    return ssl.create_default_context()


def _encoded(body: Any) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:  # half a character: written as JSON escapes it
        return json.dumps(body, allow_nan=False).encode()
    except ValueError as odd:
        raise ModelRefused("inputs", f"what is asked has no JSON: {odd}") from odd


def _asked_for(answer: Answer) -> float:
    """Seconds that a service asks to be left alone for, within reason."""
    said = answer.headers.get("retry-after", "")
    return min(float(said), LONGEST_WAIT_S) if said.isdecimal() and len(said) < 6 else 0.0


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
