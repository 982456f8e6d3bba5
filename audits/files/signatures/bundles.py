"""Reading a signature: a Sigstore bundle around a DSSE envelope, and in it an in-toto statement of files' digests.

Source: the bundle as sigstore's protobuf-specs has it (media type ``application/vnd.dev.sigstore.bundle.v0.3+json``),
DSSE 1.0 and in-toto's statement 1, with the predicate ``https://model_signing/signature/v1.0``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
EARLIER = "https://model_signing/Digests/v0.1"
MOST_FILES = 100_000
MOST_CERTIFICATES = 8
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Unreadable(Exception):
    """It is no signature that can be read; ``why`` says in a word what is wrong with it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Signed:
    """What a signature says.

    ``files`` are the digests by path, below the folder of the model; ``ignored`` are paths that it leaves out on
    purpose. ``hint`` names the key by the SHA-256 of its PEM, or is empty; ``certificates`` are DER, the signer's own
    first. ``is_keyless`` says that it rests on a certificate of minutes and a public log.
    """

    files: Mapping[str, str]
    ignored: tuple[str, ...]
    signed_bytes: bytes
    signature: bytes
    hint: str
    certificates: tuple[bytes, ...]
    is_keyless: bool


def read(raw: bytes) -> Signed:
    """Read a bundle.

    Raises:
        Unreadable: it is of another shape or version, or what it lists does not fit its own root digest.
    """
    bundle = _object(raw)
    if not str(bundle.get("mediaType", "")).startswith(MEDIA_TYPE):
        raise Unreadable("media_type")
    envelope, material = _mapping(bundle, "dsseEnvelope"), _mapping(bundle, "verificationMaterial")
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise Unreadable("payload_type")
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise Unreadable("signatures")
    payload = _base64(envelope.get("payload"))
    files, ignored = _statement(_object(payload))
    key, chain = material.get("publicKey"), material.get("x509CertificateChain")
    certificates = chain.get("certificates", ()) if isinstance(chain, dict) else ()
    if not isinstance(certificates, (list, tuple)) or len(certificates) > MOST_CERTIFICATES:
        raise Unreadable("certificates")
    return Signed(
        files=files,
        ignored=ignored,
        signed_bytes=b"DSSEv1 %d %s %d " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload)) + payload,
        signature=_base64(signatures[0].get("sig")),
        hint=str(key.get("hint") or "") if isinstance(key, dict) else "",
        certificates=tuple(_base64(one.get("rawBytes") if isinstance(one, dict) else None) for one in certificates),
        is_keyless="certificate" in material or bool(material.get("tlogEntries")),
    )


def _statement(statement: Mapping[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Digests by path, and the paths that were left out on purpose."""
    if statement.get("predicateType") == EARLIER:
        raise Unreadable("earlier_format")
    if statement.get("_type") != STATEMENT or statement.get("predicateType") != PREDICATE:
        raise Unreadable("statement")
    predicate, subjects = _mapping(statement, "predicate"), statement.get("subject")
    serialization, resources = _mapping(predicate, "serialization"), predicate.get("resources")
    if not isinstance(resources, list) or not isinstance(subjects, list) or len(subjects) != 1:
        raise Unreadable("statement")
    if serialization.get("method") != "files":
        raise Unreadable("shards")
    if len(resources) > MOST_FILES:
        raise Unreadable("too_many")
    files: dict[str, str] = {}
    root = hashlib.sha256()
    for one in resources:
        name, digest = (one.get("name"), one.get("digest")) if isinstance(one, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(digest, str) or name in files:
            raise Unreadable("statement")
        if one.get("algorithm") != "sha256" or not _SHA256.fullmatch(digest):
            raise Unreadable("algorithm")
        files[name] = digest
        root.update(bytes.fromhex(digest))
    subject = subjects[0] if isinstance(subjects[0], dict) else {}
    if _mapping(subject, "digest").get("sha256") != root.hexdigest():
        raise Unreadable("root")
    ignored = serialization.get("ignore_paths", [])
    return files, tuple(str(one) for one in ignored) if isinstance(ignored, list) else ()


def _object(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Unreadable("json") from None
    if not isinstance(document, dict):
        raise Unreadable("json")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are there once each: readers differ in which of two they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("key_twice")
    return found


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    if not isinstance(found, dict):
        raise Unreadable("statement" if key != "verificationMaterial" else "material")
    return found


def _base64(value: Any) -> bytes:
    if not isinstance(value, str):
        raise Unreadable("base64")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("base64") from None
