"""Of which kind a repository is: a model, a dataset or a Space."""

from __future__ import annotations

import re
from collections.abc import Sequence

from governance.catalog import manifests
from governance.catalog.snapshots import SnapshotRefused, shown

MODEL, DATASET, SPACE = KINDS = ("model", "dataset", "space")

# Keys of a card's front matter that the Hub documents for one kind only.
_SPACE_KEYS = frozenset({"sdk", "sdk_version", "app_file", "app_port", "colorFrom", "colorTo", "hf_oauth"})
_DATASET_KEYS = frozenset(
    {"task_categories", "task_ids", "size_categories", "annotations_creators", "language_creators", "source_datasets"}
    | {"multilinguality", "dataset_info", "configs", "train-eval-index", "paperswithcode_id", "viewer"}
)
_MODEL_KEYS = frozenset(
    {"pipeline_tag", "library_name", "base_model", "base_model_relation", "model-index", "datasets", "metrics"}
    | {"inference", "widget", "co2_eq_emissions", "model_name", "new_version", "quantized_by"}
)
_TOP_LEVEL_KEY = re.compile(rb"^([A-Za-z_][\w-]{0,40})[ \t]*:", re.MULTILINE)


def valid_kind(kind: str) -> str:
    """The kind, if there is such a kind."""
    if kind not in KINDS:
        raise SnapshotRefused("unknown_kind", f"kind is one of {', '.join(KINDS)}, not {shown(kind)}")
    return kind


def guess_kind(paths: Sequence[str], *, card: bytes | None = None) -> str:
    """The kind that a repository most likely is, by its card's keys, else by the files it holds; else a model.

    Args:
        paths: the files, relative to the repository.
        card: the raw card, or the beginning of it.
    """
    keys = _front_matter_keys(card or b"")
    for kind, own in ((SPACE, _SPACE_KEYS), (DATASET, _DATASET_KEYS), (MODEL, _MODEL_KEYS)):
        if keys & own and not (kind == DATASET and keys & _MODEL_KEYS - {"datasets"}):
            return kind
    roles = {manifests.role_of(path, MODEL) for path in paths}
    if manifests.WEIGHTS in roles or "config.json" in paths:
        return MODEL
    if "dataset_infos.json" in paths or manifests.DATA in roles:
        return DATASET
    return SPACE if "app.py" in paths or "index.html" in paths else MODEL


def _front_matter_keys(card: bytes) -> set[str]:
    lines = card[:65536].lstrip(b"\xef\xbb\xbf \r\n\t")
    if not lines.startswith(b"---"):
        return set()
    matter = re.split(rb"^---[ \t]*\r?$", lines[3:], maxsplit=1, flags=re.MULTILINE)[0]
    return {key.decode() for key in _TOP_LEVEL_KEY.findall(matter)}
