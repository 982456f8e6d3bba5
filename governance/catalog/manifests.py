"""The manifest of a version: one row per file, what the file is for, and the digests over the rows.

Plain Python: no Django, no network, no clock.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from audits.digests import canonical

WEIGHTS, TOKENIZER, CONFIG, CODE, CARD, LICENCE, DATA, OTHER = ROLES = (
    "weights",
    "tokenizer",
    "config",
    "code",
    "card",
    "licence",
    "data",
    "other",
)
CARD_NAME = "README.md"
SIGNATURE_NAME = "model.sig"
MAX_PATH = 1000  # characters
MAX_SIZE = 2**53 - 1  # bytes; beyond it JSON numbers lose their last digits


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TOKENIZER_NAMES = _words(
    """tokenizer.json tokenizer_config.json vocab.json vocab.txt vocab.bpe merges.txt special_tokens_map.json
    added_tokens.json normalizer.json encoder.json chat_template.json chat_template.jinja tekken.json dict.txt"""
)
_CODE_NAMES = _words(
    """dockerfile makefile setup.py setup.cfg pyproject.toml packages.txt environment.yml environment.yaml
    package.json package-lock.json"""
)
# Left behind by training; they hold no parameters of the model, though they end like those that do.
_LEFTOVERS = _words("training_args.bin optimizer.bin optimizer.pt scheduler.bin scheduler.pt scaler.pt")
_CONFIG_NAMES_OF_DATA = _words("dataset_info.json dataset_infos.json dataset_dict.json state.json")
_TOKENIZER_ENDINGS = _words("spm tiktoken codes vocab bpe merges")
_WEIGHTS_ENDINGS = _words(
    """safetensors bin pt pth ckpt h5 hdf5 keras msgpack onnx onnx_data gguf ggml tflite pb pkl pickle joblib skops npz
    npy ot mlmodel nemo engine params pdparams caffemodel llamafile dduf t7 model"""
)
_WEIGHTS_NAMES = _words("model vectors")  # as spaCy writes them
_CODE_ENDINGS = _words(
    """py pyx pyi pyc ipynb js mjs ts jsx tsx html css svelte vue sh bash ps1 bat c cc cpp cu h hpp rs go java kt scala
    rb php lua r jl swift sql whl so dll wasm"""
)
_CONFIG_ENDINGS = _words("json yaml yml toml ini cfg gin conf xml properties env")
_TABLE_ENDINGS = _words("csv tsv parquet arrow feather jsonl ndjson sqlite db orc avro")
_DATA_ENDINGS = _words(
    """json txt xml zip tar gz tgz bz2 xz zst 7z rar npy npz h5 hdf5 pkl pickle pt tfrecord mdb lmdb xls xlsx jpg jpeg
    png gif webp bmp tif tiff wav flac mp3 ogg opus m4a mp4 webm avi mkv mov pdf conllu conll srt vtt md"""
)
_LICENCE = re.compile(r"(un)?licen[cs]es?([-_. ].*)?|copying([-_. ].*)?|notice(\.(txt|md))?|.*use_policy\.(md|txt)")
_REQUIREMENTS = re.compile(r"requirements.*\.(txt|in)")
# sentencepiece writes .model too: spiece.model, sentencepiece.bpe.model, en.sp.model, tokenizer_78b3.model
_SENTENCEPIECE = re.compile(r"(.*[._-])?(s|sp|spm|bpe|sentence)?(piece|spm?|bpe|tokenizer)[^/]*\.model")
_SHARDS_OF_WEIGHTS = re.compile(r".*\.(safetensors|bin|h5|msgpack)\.index\.json|.*\.data-\d+-of-\d+|.*\.(index|meta)")
_SURROGATES = re.compile("[\ud800-\udfff]")
# C0, DEL, C1, and what turns the direction of the text that follows it
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file of a version.

    ``size`` is in bytes. ``sha256`` is of the file's own bytes (ours, or the Hub's for a file kept outside git),
    ``git_oid`` the Hub's git object id. What nobody told us is None.
    """

    path: str
    size: int | None
    sha256: str | None
    git_oid: str | None
    role: str

    @property
    def oid(self) -> str | None:
        """What the digest of the version is made of: the sha256, or where it is not known the git object id."""
        return self.sha256 or self.git_oid


def bad_path(path: str) -> str:
    """Why a path cannot stand in a manifest, in words that end a sentence; empty if it can."""
    if not path:
        return "has no name"
    if len(path) > MAX_PATH:
        return f"has a path of more than {MAX_PATH} characters"
    if _SURROGATES.search(path):
        return "has a name that is not UTF-8"
    if _CONTROLS.search(path):
        return "has control characters in its name"
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "has a path that leads out of the repository"
    return ""


@lru_cache(maxsize=4096)
def role_of(path: str, kind: str) -> str:
    """What a file is for, by its path and the kind of the repository that it lies in; see ``ROLES``.

    A review lane reopens when the files of its roles change, so a name that fits nothing is ``other`` and a
    pickle is ``weights`` wherever it may hold some.
    """
    if path.lower() == CARD_NAME.lower():
        return CARD
    name = path.rsplit("/", 1)[-1].lower()
    ending = name.rsplit(".", 1)[-1] if "." in name else ""
    if _LICENCE.fullmatch(name):
        return LICENCE
    if name in _CODE_NAMES or _REQUIREMENTS.fullmatch(name):
        return CODE
    if kind == "dataset":
        is_data = ending in _TABLE_ENDINGS or ending in _DATA_ENDINGS
        return DATA if is_data and name not in _CONFIG_NAMES_OF_DATA else _by_ending(ending)
    if name in _TOKENIZER_NAMES or ending in _TOKENIZER_ENDINGS or _SENTENCEPIECE.fullmatch(name):
        return TOKENIZER
    if name in _LEFTOVERS:
        return OTHER
    if ending in _WEIGHTS_ENDINGS or name in _WEIGHTS_NAMES or _SHARDS_OF_WEIGHTS.fullmatch(name):
        return WEIGHTS
    return DATA if ending in _TABLE_ENDINGS else _by_ending(ending)


def _by_ending(ending: str) -> str:
    if ending in _CODE_ENDINGS:
        return CODE
    return CONFIG if ending in _CONFIG_ENDINGS else OTHER


def digest_of(*, kind: str, source: str, repo_id: str, revision: str | None, files: Iterable[ManifestFile]) -> str:
    """The digest that runs and approvals bind to, 64 hex digits.

    SHA-256 of the RFC 8785 JSON of ``{"files": [[path, size, oid], …], "kind", "repository", "revision",
    "source"}``; the files stand in the order of their paths' code points, oid as in ``ManifestFile.oid``. A
    folder has no commit: its revision is null.
    """
    document = {
        "kind": kind,
        "source": source,
        "repository": repo_id,
        "revision": revision,
        "files": [[file.path, file.size, file.oid] for file in sorted(files, key=_path)],
    }
    return hashlib.sha256(canonical(document)).hexdigest()


def role_digests(files: Iterable[ManifestFile]) -> dict[str, str]:
    """For each role that has files, the SHA-256 of the RFC 8785 JSON of its sorted ``[[path, size, oid], …]``.

    They decide which review lanes reopen, so nothing but the files is in them: the same weights under another
    commit have the same digest.
    """
    rows: dict[str, list[list[str | int | None]]] = {}
    for file in sorted(files, key=_path):
        rows.setdefault(file.role, []).append([file.path, file.size, file.oid])
    return {role: hashlib.sha256(canonical(listed)).hexdigest() for role, listed in sorted(rows.items())}


def manifest_digest(files: Sequence[ManifestFile], *, signature: str = SIGNATURE_NAME) -> str | None:
    """The root of an OpenSSF model signature over the files, 64 hex digits; None until every file has a sha256.

    SHA-256 over the concatenated 32-byte SHA-256 digests of the files in the order of their paths. As the signing
    tool does, it leaves out ``.git``, ``.github``, ``.gitattributes`` and ``.gitignore`` at the top (not further
    down) and the signature's own file, and compares paths folder by folder (``a/x`` before ``a-b/x``).

    Source:
        OpenSSF Model Signing (OMS) 1.0, sections 6.2 and 6.5.1, and its reference implementation model-signing
        1.1.1 (``manifest.Manifest.resource_descriptors``, ``signing.Payload``). Where the two differ, in the order
        of a folder and a sibling whose name continues with a character below ``/``, this is the tool's order:
        signatures are made by it.
    """
    ignored = {".git", ".github", ".gitattributes", ".gitignore"}
    signed = [file for file in files if file.path.split("/", 1)[0] not in ignored and file.path != signature]
    root = hashlib.sha256()
    for file in sorted(signed, key=lambda file: PurePosixPath(file.path).parts):
        if file.sha256 is None:
            return None
        root.update(bytes.fromhex(file.sha256))
    return root.hexdigest() if signed else None


def _path(file: ManifestFile) -> str:
    return file.path
