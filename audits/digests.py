"""The digests that say when two runs, or two findings, are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785


def inputs_digest(
    *,
    kind: str,
    kind_version: int,
    subject_digest: str,
    inputs: Mapping[str, Any],
    seed: int,
    packages: Mapping[str, str],
) -> str:
    """SHA-256 of all that a run's result depends on, as RFC 8785 JSON. Equal digests are not run twice."""
    document: Any = {
        "kind": kind,
        "kind_version": kind_version,
        "subject": subject_digest,
        "inputs": dict(inputs),
        "seed": seed,
        "packages": dict(packages),
    }
    return hashlib.sha256(rfc8785.dumps(document)).hexdigest()


def fingerprint(*, kind: str, code: str, entry: str, locus: str) -> str:
    """What a finding keeps from version to version: no numbers, no version in it."""
    return hashlib.sha256("\0".join((kind, code, entry, locus)).encode()).hexdigest()
