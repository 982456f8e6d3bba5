"""What the local Hub holds, and how the Hub describes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


def git_oid(content: bytes) -> str:
    """The name that git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def pointer(content: bytes) -> bytes:
    """What git keeps of a file whose content lies in large file storage."""
    sha256 = hashlib.sha256(content).hexdigest()
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (sha256.encode(), len(content))


@dataclass
class Repository:
    """A repository with its commits, oldest first. ``readers`` are the users who may see it, if not everyone.

    ``scans`` are the security statuses of files by path, as the Hub answers them.
    """

    id: str
    kind: str
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: bool = False
    gated: bool | str = False
    readers: set[str] = field(default_factory=set)
    large: set[str] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)
    scans: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def head(self) -> str:
        return list(self.commits)[-1]

    def commit(self, files: Mapping[str, bytes]) -> str:
        """Add a commit with these files, and nothing of the one before; its sha."""
        stamp = repr((self.kind, self.id, len(self.commits), sorted(files.items()))).encode()
        sha = hashlib.sha1(stamp, usedforsecurity=False).hexdigest()
        self.commits[sha] = dict(files)
        return sha

    def resolve(self, revision: str) -> str | None:
        revision = self.head if revision == "main" else revision
        return revision if revision in self.commits else None

    def info(self, sha: str, *, blobs: bool, expand: Iterable[str]) -> dict[str, Any]:
        """The answer of ``/api/{models,datasets,spaces}/{id}``."""
        answer: dict[str, Any] = {
            "_id": hashlib.sha256(self.id.encode()).hexdigest()[:24],
            "id": self.id,
            "author": self.id.split("/")[0] if "/" in self.id else None,
            "sha": sha,
            "lastModified": "2022-01-11T03:52:33.000Z",
            "createdAt": "2022-03-02T23:29:04.000Z",
            "private": self.private,
            "gated": self.gated,
            "disabled": False,
            "tags": [],
            "likes": 0,
            "siblings": [self._sibling(path, sha, blobs=blobs) for path in self.commits[sha]],
            "cardData": {},
        }
        if self.kind == "model":
            answer |= {"modelId": self.id, "downloads": 0, "pipeline_tag": None, "config": {}, "spaces": []}
        if self.kind == "dataset":
            answer |= {"downloads": 0, "description": ""}
        if self.kind == "space":
            answer |= {"sdk": "static", "models": [], "datasets": [], "subdomain": self.id.replace("/", "-")}
        answer |= self.facts
        if wanted := set(expand):
            answer = {key: value for key, value in answer.items() if key in wanted | {"_id", "id"}}
        return answer

    def _sibling(self, path: str, sha: str, *, blobs: bool) -> dict[str, Any]:
        if not blobs:
            return {"rfilename": path}
        content = self.commits[sha][path]
        if path not in self.large:
            return {"rfilename": path, "blobId": git_oid(content), "size": len(content)}
        lfs = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "pointerSize": len(pointer(content)),
        }
        return {"rfilename": path, "blobId": git_oid(pointer(content)), "size": len(content), "lfs": lfs}

    def paths_info(self, sha: str, paths: Iterable[str], *, expand: bool) -> list[dict[str, Any]]:
        """The answer of ``POST /api/{…}/{id}/paths-info/{revision}``; paths that do not exist are left out."""
        wanted = set(paths)
        rows = [row for row in self.tree(sha) if row["path"] in wanted]
        if expand:
            commit = {"id": sha, "title": "Add files", "date": "2022-01-11T03:52:33.000Z"}
            rows = [row | {"lastCommit": commit, "securityFileStatus": self.scans.get(row["path"])} for row in rows]
        return rows

    def tree(self, sha: str) -> list[dict[str, Any]]:
        """The answer of ``/api/{…}/{id}/tree/{revision}?recursive=true``."""
        rows = []
        for path, content in sorted(self.commits[sha].items()):
            row: dict[str, Any] = {"type": "file", "oid": git_oid(content), "size": len(content), "path": path}
            if path in self.large:
                oid, size = hashlib.sha256(content).hexdigest(), len(content)
                row |= {
                    "oid": git_oid(pointer(content)),
                    "lfs": {"oid": oid, "size": size, "pointerSize": len(pointer(content))},
                }
            rows.append(row)
        return rows
