"""A service of models on this machine that speaks what real ones speak, and misbehaves when it is told to."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

SECRET = "sk-not-to-be-shown"


class Service(http.server.ThreadingHTTPServer):
    """Counts and keeps what it was asked. ``troubles`` are what befalls the next requests, one each."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.asked: list[dict[str, Any]] = []
        self.troubles: list[str] = []
        self.lock = threading.Lock()
        # Answers are given once so many are asked for together; and while the gate is open.
        self.together: threading.Barrier | None = None
        self.gate = threading.Event()
        self.gate.set()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asks may hang up."""


class _Asked(http.server.BaseHTTPRequestHandler):
    server: Service

    def log_message(self, *_given: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            trouble = self.server.troubles.pop(0) if self.server.troubles else ""
            self.server.asked.append({"path": self.path, "body": body, "headers": dict(self.headers)})
        if self.server.together is not None:
            self.server.together.wait(30)
        self.server.gate.wait(60)
        if trouble:
            getattr(self, f"_{trouble}")()
        else:
            self._say(200, ANSWERS[self.path](body))

    def _say(self, status: int, document: Any, **headers: str) -> None:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def _busy(self) -> None:
        self._say(429, {"error": "too many"}, Retry_After="0")

    def _broken(self) -> None:
        self._say(503, {"error": "later"})

    def _denied(self) -> None:
        said = self.headers.get("Authorization", "")
        self._say(401, {"error": f"the key {said} is wrong"})

    def _elsewhere(self) -> None:
        self._say(307, {}, Location="http://169.254.169.254/latest/meta-data/")

    def _hangs(self) -> None:
        time.sleep(30)

    def _drips(self) -> None:
        """A header that never ends, a letter now and then: no single wait is long."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        with contextlib.suppress(OSError):
            for _ in range(300):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)

    def _floods(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(200):
                self.wfile.write(b"[" * (1 << 20))

    def _cuts(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"[1")

    def _talks(self) -> None:
        self._say(200, b"<html>not a model</html>")

    def _nests(self) -> None:
        self._say(200, b"[" * 200_000)

    def _says_nothing(self) -> None:
        self._say(200, {"choices": [{"message": {"content": None}}]})

    def _gives_freely(self) -> None:
        """An answer with a use that cannot be."""
        self._say(200, {**ANSWERS["/v1/chat/completions"](None), "usage": {"prompt_tokens": -(10**9)}})


def _chat(body: Any) -> Any:
    text = body["messages"][-1]["content"] if body else "x"
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    choice = {"message": {"role": "assistant", "content": text.upper()}, "finish_reason": "stop"}
    return {"model": "served-0613", "choices": [choice], "usage": usage}


def _score(text: str) -> float:
    return min(1.0, len(text) / 100)


ANSWERS = {
    "/v1/chat/completions": _chat,
    "/v1/completions": lambda body: {"choices": [{"text": body["prompt"][::-1], "finish_reason": "length"}]},
    "/embed": lambda body: [[float(len(text)), 1.0, 0.5] for text in body["inputs"]],
    "/predict": lambda body: [
        [{"label": "good", "score": _score(text)}, {"label": "bad", "score": 1 - _score(text)}]
        for (text,) in body["inputs"]
    ],
    # best first, as it is spoken
    "/rerank": lambda body: sorted(
        ({"index": at, "score": _score(text)} for at, text in enumerate(body["texts"])), key=lambda one: -one["score"]
    ),
    "/own/api": lambda body: {"result": [{"a/b": body["ask"]["words"][0] + "!", "size": len(body["ask"]["words"][0])}]},
}


@contextlib.contextmanager
def served() -> Iterator[Service]:
    """A service that runs in this process."""
    service = Service()
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()
        thread.join()
