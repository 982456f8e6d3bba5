"""Runs of the real audits on made-up inputs, for tests of the machinery around them."""

from __future__ import annotations

import gzip
import itertools
from typing import Any

from django.utils import timezone

from audits import blobs
from audits import services as audits
from audits.models import Finding, Origin, Run

PLAN: dict[str, Any] = {
    "label": "label",
    "prediction": "prediction",
    "positive": "1",
    "sensitive": ["race", "sex", "region", "age"],
}
BLOCK = 12_000
CARD = b"---\nlicense: apache-2.0\n---\n# A model\n\nMore Information Needed\n"
_number = itertools.count(1)


def table(rows: int) -> bytes:
    """A compressed table of predictions whose rows repeat: small to store, and as slow to read as a large one."""
    block = "".join(
        f"{i % 2},{int(i % 4 > 1 or i % 5 == 0)},{'abcd'[i % 4]},{'xy'[i // 4 % 2]},{'pqr'[i % 3]},{'mn'[i // 3 % 2]}\n"
        for i in range(BLOCK)
    )
    return gzip.compress(("label,prediction,race,sex,region,age\n" + block * (rows // BLOCK)).encode(), 1)


def bias_run(*, rows: int = BLOCK, **asked: Any) -> Run:
    """A queued bias audit of a table of so many rows, a multiple of 12,000. A million takes about a second."""
    at = timezone.now()
    blob = blobs.store_bytes(table(rows), media_type="application/gzip", at=at)
    predictions = {"sha256": blob.sha256, "filename": "predictions.csv.gz", "media_type": blob.media_type}
    return audits.request_run(
        kind="bias",
        subject_name="acme/scorer",
        subject_digest=f"{next(_number):064x}",
        inputs={"plan": PLAN, "plan_digest": "0" * 64, "predictions": predictions, "origin": "declared"},
        origin=Origin.DECLARED,
        at=at,
        **asked,
    )


def card_run(text: bytes = CARD, *, subject: str = "acme/scorer", digest: str = "", **asked: Any) -> Run:
    """A queued audit of a card."""
    at = timezone.now()
    blob = blobs.store_bytes(text, media_type="text/markdown", at=at)
    return audits.request_run(
        kind="card",
        subject_name=subject,
        subject_digest=digest or f"{next(_number):064x}",
        inputs={"card_sha256": blob.sha256, "card_kind": "model", "files": []},
        origin=Origin.OBSERVED,
        at=at,
        **asked,
    )


def twice(run: Run) -> list[tuple[str, str]]:
    """The findings of a run that are there more than once, by code and place."""
    found = list(Finding.objects.filter(run=run).values_list("code", "locus"))
    return sorted({one for one in found if found.count(one) > 1})
