"""Reads from the metadata what a repository was made from.

The relation to a base model is the declared one, or inferred as the Hub does: several bases are a merge, the files and
tags of an adapter or of a quantized model tell of those, and anything else is a fine-tune.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

from audits.cards.front_matter import FrontMatter
from audits.cards.notes import Notes, shown
from audits.cards.shapes import Link
from audits.cards.spec import RELATIONS

# every link becomes an entry of the catalogue; the largest published cards name some hundreds
MAX_LINKS = 1_000
_MAX_WRITTEN = 500

# A repository id as the Hub's client validates it.
_ID = re.compile(
    r"(?=.{1,96}\Z)(?!.*(?:--|\.\.))(?!.*\.git\Z)[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)?(?<![.-])\Z", re.ASCII
)
_HUB_URL = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:(?P<kind>models|datasets|spaces)/)?"
    r"(?P<id>[^/?#\s]+(?:/[^/?#\s]+)?)(?:/(?:tree|blob|resolve|raw|discussions)/[^\s]*)?/?(?:[?#][^\s]*)?\Z",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"[/~\\]|\.{1,2}(?:[/\\]|\Z)|[A-Za-z]:[\\/]|file:|[^/:\s,]+(?:/[^/:\s,]+){2,}/?\Z|[^/:]*\\")
# tags and libraries of quantized models
_QUANTIZED = re.compile(
    r"gguf|ggml|gptq|awq|exl[23]|aqlm|eetq|hqq|quip#?|bnb|bitsandbytes|compressed-tensors|auto-?round|torchao|quanto"
    r"|marlin|quantized|\d{1,2}-?bit|int[248]|n?v?fp[48]|mxfp4|nf4|w\d{1,2}a\d{1,2}"
)
_QUANTIZED_FILES = frozenset(
    ("quantize_config.json", "quant_config.json", "hqq_config.json", "quantization_config.json")
)
_ADAPTER_LIBRARIES = frozenset(("peft", "adapter-transformers", "adapters"))


class _Target(NamedTuple):
    """What was made of a written target: an id, or "" with the reason in ``problem`` (not_an_id, local_path)."""

    id: str
    problem: str


def read_links(front: FrontMatter, kind: str, files: Collection[str], notes: Notes) -> tuple[Link, ...]:
    """The repositories that the card names as its origins, each once per relation and field."""
    links = dict.fromkeys(_links(front, kind, files, notes))
    if len(links) > MAX_LINKS:
        notes.add("card.links.truncated", count=len(links), limit=MAX_LINKS)
    return tuple(itertools.islice(links, MAX_LINKS))


def _links(front: FrontMatter, kind: str, files: Collection[str], notes: Notes) -> Iterator[Link]:
    if kind == "model":
        relation, declared = _relation(front, files, notes)
        for target in _targets(front, "base_model", "model", notes):
            yield Link(target, "model", relation, "base_model", declared=declared)
        for target in _targets(front, "datasets", "dataset", notes):
            yield Link(target, "dataset", "train_on", "datasets", declared=True)
    elif kind == "dataset":
        for target in _sources(front, notes):
            yield Link(target, "dataset", "includes", "source_datasets", declared=True)
    else:
        for name, target_kind in (("models", "model"), ("datasets", "dataset")):
            for target in _targets(front, name, target_kind, notes):
                yield Link(target, target_kind, "served_in", name, declared=True)


def _relation(front: FrontMatter, files: Collection[str], notes: Notes) -> tuple[str, bool]:
    """The relation to the base models, and whether the card declares it."""
    written = front.data.get("base_model_relation")
    has_base = front.says("base_model")
    if isinstance(written, str) and written.strip():
        if not has_base and front.lacks("base_model"):
            notes.add(
                "card.base_model_relation.without_base",
                field="base_model_relation",
                line=front.line("base_model_relation"),
                written=shown(written),
            )
        if written.strip() in RELATIONS:
            return written.strip(), True
        notes.add(
            "card.base_model_relation.unknown",
            field="base_model_relation",
            line=front.line("base_model_relation"),
            written=shown(written),
            known=", ".join(RELATIONS),
        )
    return (_inferred(front, files) if has_base else "finetune"), False


def _inferred(front: FrontMatter, files: Collection[str]) -> str:
    data = front.data
    bases = data.get("base_model")
    if isinstance(bases, list) and len({base.strip() for base in bases if isinstance(base, str)}) >= 2:
        return "merge"
    library = data.get("library_name")
    library = library.strip().lower() if isinstance(library, str) else ""
    tags = {tag.strip().lower() for tag in _texts(data.get("tags"))} | {library}
    names = {path.rsplit("/", 1)[-1].lower() for path in files}
    if "adapter_config.json" in names or tags & _ADAPTER_LIBRARIES or "lora" in tags:
        return "adapter"
    if (
        any(_QUANTIZED.fullmatch(tag) for tag in tags)
        or names & _QUANTIZED_FILES
        or any(name.endswith((".gguf", ".ggml")) for name in names)
        or front.says("quantized_by")
    ):
        return "quantized"
    return "finetune"


def _texts(value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield item


def _targets(front: FrontMatter, name: str, kind: str, notes: Notes) -> Iterator[str]:
    """The ids in a field; what is none is noted and left out. Wrong types are noted elsewhere."""
    value = front.data.get(name)
    code = "card.base_model" if name == "base_model" else "card.link"
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(item, str) or not item.strip():
            continue
        path: tuple[str | int, ...] = (name, index) if isinstance(value, list) else (name,)
        if front.kept_as_text and front.type_of(item, *path) != "text":
            continue
        target = _target(item.strip()[:_MAX_WRITTEN], kind)
        if not target.id:
            problem = target.problem if name == "base_model" else "not_an_id"
            notes.add(f"{code}.{problem}", field=name, line=front.line(*path), written=shown(item))
            continue
        if target.id != item.strip():
            notes.add(f"{code}.url", field=name, line=front.line(*path), written=shown(item), read_as=target.id)
        yield target.id


@lru_cache(maxsize=4096)
def _target(text: str, kind: str) -> _Target:
    if _ID.match(text):
        return _Target(text, "")
    url = _HUB_URL.match(text)
    if url:
        of_kind = (url["kind"] or "models").rstrip("s").lower() == kind
        return _Target(url["id"], "") if of_kind and _ID.match(url["id"]) else _Target("", "not_an_id")
    return _Target("", "local_path" if _LOCAL.match(text) else "not_an_id")


def _sources(front: FrontMatter, notes: Notes) -> Iterator[str]:
    """``source_datasets``: ``original`` is none, ``extended|id`` is that id, anything else has to be an id."""
    value = front.data.get("source_datasets")
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(item, str) or not item.strip() or item.strip() == "original":
            continue
        path: tuple[str | int, ...] = ("source_datasets", index) if isinstance(value, list) else ("source_datasets",)
        how, bar, named = item.strip().partition("|")
        if how.strip() == "extended" and (not named.strip() or re.match(r"\s*other(?:\W|$)", named)):
            notes.add(
                "card.source_datasets.unnamed", field="source_datasets", line=front.line(*path), written=shown(item)
            )
            continue
        extended = named if bar and how.strip() == "extended" else item
        target = _target(extended.strip()[:_MAX_WRITTEN], "dataset")
        if not target.id:
            notes.add("card.link.not_an_id", field="source_datasets", line=front.line(*path), written=shown(item))
            continue
        if target.id not in (item.strip(), named.strip()):
            notes.add(
                "card.link.url", field="source_datasets", line=front.line(*path), written=shown(item), read_as=target.id
            )
        yield target.id
