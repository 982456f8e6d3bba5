"""A Hub for tests: a real HTTP server that speaks as much of the Hub's protocol as its client uses to read.

The shapes are those of recorded answers of ``/api/models`` and of what huggingface_hub 2.4 reads: ``hf_api.ModelInfo``
and its siblings for the listing, ``hf_api.get_paths_info`` for what the Hub's scanners say (and the Hub's own OpenAPI
document for the words they use), ``file_download.get_hf_file_metadata`` for files, ``utils._http.hf_raise_for_status``
for errors. Nothing of the client is replaced; it is told this server's address.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, cast
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.hub.repositories import Repository, git_oid

KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}


@dataclass(frozen=True)
class Asked:
    """A request as it came in. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests whose path has ``on`` in it."""

    on: str
    times: int
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    reset_after: int | None = None
    trickle: float | None = None


class HubServer:
    """The server, with the repositories that it holds and the faults that it was told to show.

    ``asked`` lists every request so far. ``tokens`` are the users by their tokens.
    """

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.renamed: dict[tuple[str, str], str] = {}
        self.tokens: dict[str, str] = {}
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        # As with the real Hub, large files lie on another host than the one that is asked for them.
        self._servers = [_Server(self), _Server(self)]
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True) for server in self._servers
        ]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_address[1]}"

    @property
    def storage(self) -> str:
        """The address of the host that large files are fetched from."""
        return f"http://127.0.0.1:{self._servers[1].server_address[1]}"

    def add(
        self,
        id: str,
        /,
        *,
        kind: str = "model",
        files: Mapping[str, bytes] | None = None,
        private: bool = False,
        gated: bool | str = False,
        readers: Iterable[str] = (),
        large: Iterable[str] = (),
        scans: Mapping[str, dict[str, Any]] | None = None,
        **facts: Any,
    ) -> Repository:
        """Add a repository with one commit. ``large`` files lie in large file storage; ``facts`` go to its answer."""
        repository = Repository(
            id,
            kind,
            private=private,
            gated=gated,
            readers=set(readers),
            large=set(large),
            facts=facts,
            scans=dict(scans or {}),
        )
        repository.commit({"README.md": b"# " + id.encode() + b"\n"} if files is None else files)
        self.repositories[kind, id] = repository
        return repository

    def rename(self, old: str, new: str, *, kind: str = "model") -> None:
        """Give a repository another id; the old one redirects."""
        repository = self.repositories.pop((kind, old))
        repository.id = new
        self.repositories[kind, new] = repository
        self.renamed[kind, old] = new

    def fail(
        self,
        status: int,
        *,
        times: int = 1,
        on: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b'{"error":"Something went wrong"}',
    ) -> None:
        """Answer with this status (200 too: a page that is no answer of the Hub's)."""
        self.faults.append(Fault(on, times, status=status, headers=dict(headers or {}), body=body))

    def slow(self, seconds: float, *, times: int = 1, on: str = "") -> None:
        """Say nothing for a while."""
        self.faults.append(Fault(on, times, delay=seconds))

    def reset(self, *, after: int = 0, times: int = 1, on: str = "") -> None:
        """Break the connection after so many bytes of the body."""
        self.faults.append(Fault(on, times, reset_after=after))

    def trickle(self, seconds: float, *, times: int = 1, on: str = "") -> None:
        """Send the body byte by byte, with a pause after each."""
        self.faults.append(Fault(on, times, trickle=seconds))

    def paths(self) -> list[str]:
        """The paths asked so far, with their queries."""
        return [asked.path for asked in self.asked]

    def __enter__(self) -> HubServer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering: connections that a client keeps for later are cut too."""
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()
            for connection in list(server.connections):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: HubServer) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.hub = hub
        self.connections: set[socket.socket] = set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is part of the tests."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "TestHub"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for the acknowledgement of its headers
    timeout = 20
    fault: Fault | None = None
    sent: Mapping[str, list[str]] = {}  # of a form that was posted

    @property
    def hub(self) -> HubServer:
        return cast(_Server, self.server).hub

    def setup(self) -> None:
        super().setup()
        cast(_Server, self.server).connections.add(self.connection)

    def finish(self) -> None:
        cast(_Server, self.server).connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Be quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self.sent = parse_qs(self.rfile.read(length).decode())
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.asked.append(Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.fault = self._next_fault()
        if self.fault is not None:
            time.sleep(self.fault.delay)
            if self.fault.status is not None:
                return self._send(self.fault.status, self.fault.body, self.fault.headers)
        if self._bad_token():
            message = "Invalid credentials in Authorization header"
            return self._error(401, "", message)
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if parts[0] == "lfs" and len(parts) == 2:
            return self._large_file(parts[1])
        if parts[0] == "api":
            return self._api(parts[1:])
        kind = KINDS[parts.pop(0)] if parts[0] in ("datasets", "spaces") else "model"
        return self._file(kind, parts)

    def _next_fault(self) -> Fault | None:
        for fault in self.hub.faults:
            if fault.times and fault.on in self.path:
                fault.times -= 1
                return fault
        return None

    # --- who asks

    @property
    def token(self) -> str | None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if scheme == "Bearer" and token else None

    def _bad_token(self) -> bool:
        return self.token is not None and self.token not in self.hub.tokens

    def _reads(self, repository: Repository) -> bool:
        return self.hub.tokens.get(self.token or "") in repository.readers

    # --- what they ask for

    def _api(self, parts: list[str]) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if parts[0] == "whoami-v2":
            if self.token is None:
                return self._error(401, "", "Invalid username or password.")
            return self._json({"type": "user", "name": self.hub.tokens[self.token]})
        kind = KINDS[parts[0]]
        if len(parts) == 1:
            author = query.get("author", [""])[0]
            found = [r for (k, _), r in self.hub.repositories.items() if k == kind and r.id.startswith(author)]
            limit = int(query.get("limit", ["1000"])[0])
            return self._json([r.info(r.head, blobs=False, expand=()) for r in found if not r.private][:limit])
        repository, rest = self._repository(kind, parts[1:], words=("revision", "tree", "paths-info"))
        if repository is None:
            return None
        sha = self._commit(repository, rest[1] if len(rest) > 1 else "main")
        if sha is None:
            return None
        if rest[:1] == ["tree"]:
            return self._json(repository.tree(sha))
        if rest[:1] == ["paths-info"]:
            expand = self.sent.get("expand", [""])[0].lower() == "true"
            return self._json(repository.paths_info(sha, self.sent.get("paths", []), expand=expand))
        blobs = query.get("blobs", [""])[0].lower() == "true"
        return self._json(repository.info(sha, blobs=blobs, expand=query.get("expand", [])))

    def _file(self, kind: str, parts: list[str]) -> None:
        repository, rest = self._repository(kind, parts, words=("resolve",))
        if repository is None:
            return None
        if len(rest) < 3:
            return self._error(404, "", "Sorry, we can't find the page you are looking for.")
        if repository.gated and not self._reads(repository):
            message = f"Access to {kind} {repository.id} is restricted. You must have access to it."
            return self._error(403 if self.token else 401, "GatedRepo", message)
        sha = self._commit(repository, rest[1])
        if sha is None:
            return None
        path = "/".join(rest[2:])
        content = repository.commits[sha].get(path)
        headers = {"X-Repo-Commit": sha}
        if content is None:
            return self._error(404, "EntryNotFound", "Entry not found", headers)
        if path not in repository.large:
            return self._send(200, content, headers | {"ETag": f'"{git_oid(content)}"'})
        oid = hashlib.sha256(content).hexdigest()
        linked = {
            "X-Linked-Etag": f'"{oid}"',
            "X-Linked-Size": str(len(content)),
            "Location": f"{self.hub.storage}/lfs/{oid}",
        }
        return self._send(302, b"", headers | linked)

    def _large_file(self, oid: str) -> None:
        for repository in self.hub.repositories.values():
            for files in repository.commits.values():
                for content in files.values():
                    if hashlib.sha256(content).hexdigest() == oid:
                        return self._send(200, content, {"ETag": f'"{oid}"'})
        return self._error(404, "", "Not found")

    def _repository(
        self, kind: str, parts: list[str], *, words: tuple[str, ...]
    ) -> tuple[Repository | None, list[str]]:
        """The repository that a path begins with and what follows; an answer is sent if there is none to see."""
        length = next((i for i, part in enumerate(parts) if i and part in words), len(parts))
        id, rest = "/".join(parts[:length]), parts[length:]
        if new := self.hub.renamed.get((kind, id)):
            self._send(307, b"", {"Location": self.path.replace(f"/{quote(id)}", f"/{quote(new)}", 1)})
            return None, rest
        repository = self.hub.repositories.get((kind, id))
        if repository is None or (repository.private and not self._reads(repository)):
            self._error(404 if self.token else 401, "RepoNotFound", "Repository not found")
            return None, rest
        return repository, rest

    def _commit(self, repository: Repository, revision: str) -> str | None:
        sha = repository.resolve(revision)
        if sha is None:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return sha

    # --- what they are told

    def _json(self, document: object) -> None:
        self._send(200, json.dumps(document).encode(), {"Content-Type": "application/json; charset=utf-8"})

    def _error(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        told = {"X-Error-Message": message, "Content-Type": "application/json; charset=utf-8", **(headers or {})}
        self._send(status, json.dumps({"error": message}).encode(), told | ({"X-Error-Code": code} if code else {}))

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("X-Request-Id", "Root=1-61dd0a11-test")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault is not None and self.fault.reset_after is not None:
            self.wfile.write(body[: self.fault.reset_after])
            self._hang_up()
        elif self.fault is not None and self.fault.trickle is not None:
            for i in range(len(body)):
                self.wfile.write(body[i : i + 1])
                time.sleep(self.fault.trickle)
        else:
            self.wfile.write(body)

    def _hang_up(self) -> None:
        # Closing with nothing lingering sends a reset instead of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        os.close(self.connection.detach())
