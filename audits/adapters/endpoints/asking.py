"""One request to a service: to the address that was looked at, with a clock and a bound on what comes back."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from audits.adapters.endpoints.guard import PORTS, Place

CONNECT_S = 10.0
PIECE = 1 << 16


class Unanswered(Exception):
    """There is no answer; ``again`` says whether asking once more may help, ``sent`` whether it may have been read."""

    def __init__(self, code: str, message: str, *, again: bool, sent: bool) -> None:
        super().__init__(message)
        self.code, self.again, self.sent = code, again, sent


@dataclass(frozen=True)
class Answer:
    """What came back, untrusted."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Flight:
    """A request on its way, which another thread may end."""

    def __init__(self, *, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.why = ""
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def hold(self, opened: socket.socket) -> None:
        """Keep the connection, to end it."""
        with self._lock:
            self._socket = opened
            if self.why:
                self._shut()

    def end(self, why: str) -> None:
        """Whoever waits for the connection is told at once."""
        with self._lock:
            self.why = self.why or why
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # not by the layer of TLS, which would say goodbye first
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Connection(http.client.HTTPConnection):
    """To an address that was looked at; the name serves to check the certificate alone."""

    def __init__(self, place: Place, flight: Flight, context: ssl.SSLContext) -> None:
        super().__init__(place.host, place.port, timeout=CONNECT_S)
        self._place, self._flight, self._context = place, flight, context

    def connect(self) -> None:
        failed: OSError = OSError("no address")
        for address in self._place.addresses:
            try:
                opened = socket.create_connection((address, self._place.port), timeout=CONNECT_S)
            except OSError as refused:
                failed = refused
                continue
            self.sock = opened  # closed with the connection, whatever comes
            self._flight.hold(opened)
            if self._place.scheme == "https":
                self.sock = self._context.wrap_socket(opened, server_hostname=self._place.host)
                self._flight.hold(self.sock)
            return
        raise failed


def post(
    place: Place,
    body: bytes,
    *,
    headers: Mapping[str, str],
    flight: Flight,
    answer_bytes: int,
    context: ssl.SSLContext,
) -> Answer:
    """Send a question and read its answer. Redirections are answers like others: nothing is followed.

    Raises:
        Unanswered: no connection, no answer in its time, one too large, or none that HTTP knows.
    """
    connection = _Connection(place, flight, context)
    sent = False
    try:
        connection.connect()
        sent = True
        connection.request("POST", place.path, body=body, headers={**_headers(place), **headers})
        connection.sock.settimeout(max(0.01, flight.until - time.monotonic()))
        with connection.getresponse() as response:
            content = _read(response, flight, answer_bytes=answer_bytes)
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, content)
    except ssl.SSLCertVerificationError as unknown:
        said = f"the certificate of {place.host} is not one that is trusted here: {unknown.verify_message}"
        raise Unanswered("endpoint_unreachable", said, again=False, sent=False) from unknown
    except (OSError, http.client.HTTPException) as failed:
        late = isinstance(failed, TimeoutError) or flight.why == "out_of_time"
        code = "out_of_time" if late and sent else "endpoint_unreachable"
        said = "the service did not answer in its time" if late else f"no answer: {type(failed).__name__}"
        raise Unanswered(code, said, again=flight.why in ("", "out_of_time"), sent=sent) from failed
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, flight: Flight, *, answer_bytes: int) -> bytes:
    if response.getheader("Content-Encoding", "identity") != "identity":
        raise Unanswered("wrong_answer", "the answer is compressed, unasked for", again=False, sent=True)
    content = bytearray()
    while piece := response.read1(PIECE):
        content += piece
        if len(content) > answer_bytes:
            said = f"an answer of more than {answer_bytes} bytes"
            raise Unanswered("too_much_output", said, again=False, sent=True)
    # what was cut off may look like an end; and more may have been announced than came
    if flight.why:
        raise ConnectionAbortedError(flight.why)
    if response.length:
        raise http.client.IncompleteRead(bytes(content), response.length)
    return bytes(content)


def _headers(place: Place) -> dict[str, str]:
    name = f"[{place.host}]" if ":" in place.host else place.host
    return {
        "Host": name if place.port == PORTS[place.scheme] else f"{name}:{place.port}",
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": "assay",
    }
