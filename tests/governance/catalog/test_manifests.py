from __future__ import annotations

import hashlib
import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.catalog.manifests import (
    ROLES,
    ManifestFile,
    bad_path,
    digest_of,
    manifest_digest,
    role_digests,
    role_of,
)

SHA = "6aca9fe5edca51e69d13734271c0c60793c16831"


def file(path: str, *, size: int | None = 3, sha256: str | None = None, git_oid: str | None = None) -> ManifestFile:
    return ManifestFile(path, size, sha256, git_oid, role_of(path, "model"))


def hashed(path: str, content: bytes) -> ManifestFile:
    return file(path, size=len(content), sha256=hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("path", "kind", "role"),
    [
        ("README.md", "model", "card"),
        ("readme.md", "dataset", "card"),
        ("docs/README.md", "model", "other"),
        ("model-00001-of-00002.safetensors", "model", "weights"),
        ("model.safetensors.index.json", "model", "weights"),
        ("onnx/model.onnx_data", "model", "weights"),
        ("llama.Q4_K_M.gguf", "model", "weights"),
        ("variables/variables.data-00000-of-00001", "model", "weights"),
        ("anything.pkl", "model", "weights"),
        ("word2vec.model", "model", "weights"),
        ("training_args.bin", "model", "other"),
        ("tokenizer.json", "model", "tokenizer"),
        ("spiece.model", "model", "tokenizer"),
        ("sentencepiece.bpe.model", "model", "tokenizer"),
        ("xx.sp.model", "model", "tokenizer"),
        ("source.spm", "model", "tokenizer"),
        ("config.json", "model", "config"),
        ("adapter/adapter_config.json", "model", "config"),
        ("modeling_custom.py", "model", "code"),
        ("requirements.txt", "space", "code"),
        ("Dockerfile", "space", "code"),
        ("LICENSE", "model", "licence"),
        ("LICENCE.txt", "dataset", "licence"),
        ("LICENSE-MODEL", "model", "licence"),
        ("USE_POLICY.md", "model", "licence"),
        ("NOTICE", "model", "licence"),
        ("data/train-00000-of-00001.parquet", "dataset", "data"),
        ("train.jsonl.gz", "dataset", "data"),
        ("train.json", "dataset", "data"),
        ("predictions.csv", "model", "data"),
        ("dataset_infos.json", "dataset", "config"),
        ("loader.py", "dataset", "code"),
        (".gitattributes", "model", "other"),
        ("logo.png", "model", "other"),
        ("no-ending", "model", "other"),
    ],
)
def test_a_file_has_the_role_that_its_name_and_repository_say(path: str, kind: str, role: str) -> None:
    assert role_of(path, kind) == role


@given(st.text(max_size=60), st.sampled_from(["model", "dataset", "space"]))
def test_every_name_has_exactly_one_known_role(path: str, kind: str) -> None:
    assert role_of(path, kind) in ROLES


def test_the_digest_is_that_of_the_json_written_by_hand() -> None:
    files = [
        ManifestFile("b.bin", 7, "b" * 64, "c" * 40, "weights"),
        ManifestFile("README.md", 5, None, "a" * 40, "card"),
        ManifestFile("z", None, None, None, "other"),
    ]
    written = (
        f'{{"files":[["README.md",5,"{"a" * 40}"],["b.bin",7,"{"b" * 64}"],["z",null,null]],'
        f'"kind":"model","repository":"org/m","revision":"{SHA}","source":"hub:huggingface.co"}}'
    )

    digest = digest_of(kind="model", source="hub:huggingface.co", repo_id="org/m", revision=SHA, files=files)

    assert digest == hashlib.sha256(written.encode()).hexdigest()


def test_a_folder_has_no_revision_in_its_digest() -> None:
    written = '{"files":[],"kind":"space","repository":"s","revision":null,"source":"local"}'

    digest = digest_of(kind="space", source="local", repo_id="s", revision=None, files=[])

    assert digest == hashlib.sha256(written.encode()).hexdigest()


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
oids = st.one_of(st.none(), st.text("0123456789abcdef", min_size=40, max_size=40))
rows = st.builds(
    ManifestFile, names, st.one_of(st.none(), st.integers(0, 2**53 - 1)), st.none(), oids, st.sampled_from(ROLES)
)


@given(st.lists(rows, max_size=8, unique_by=lambda row: row.path), st.randoms())
def test_the_digest_depends_on_the_files_and_not_on_their_order(files: list[ManifestFile], chance: Random) -> None:
    document = {
        "kind": "model",
        "source": "local",
        "repository": "m",
        "revision": None,
        "files": sorted([file.path, file.size, file.oid] for file in files),
    }
    # For texts, whole numbers and null, RFC 8785 is what the standard library writes with sorted keys and no spaces.
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    shuffled = list(files)
    chance.shuffle(shuffled)

    digest = digest_of(kind="model", source="local", repo_id="m", revision=None, files=shuffled)

    assert digest == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "dataset"},
        {"source": "local"},
        {"repo_id": "org/n"},
        {"revision": "f" * 40},
        {"files": [file("a.bin", git_oid="1" * 40, size=4)]},
        {"files": [file("a.bin", git_oid="2" * 40)]},
        {"files": [file("b.bin", git_oid="1" * 40)]},
        {"files": []},
    ],
)
def test_anything_that_differs_gives_another_digest(change: dict[str, object]) -> None:
    given: dict[str, object] = {
        "kind": "model",
        "source": "hub:huggingface.co",
        "repo_id": "org/m",
        "revision": SHA,
        "files": [file("a.bin", git_oid="1" * 40)],
    }

    assert digest_of(**(given | change)) != digest_of(**given)  # type: ignore[arg-type]


def test_new_prose_in_the_card_leaves_the_weights_digest_alone() -> None:
    before = [file("README.md", git_oid="1" * 40), file("a.bin", git_oid="2" * 40), file("config.json")]
    after = [file("README.md", git_oid="3" * 40), file("a.bin", git_oid="2" * 40), file("config.json")]

    was, now = role_digests(before), role_digests(after)

    assert was.keys() == {"card", "weights", "config"}
    assert {role for role in was if was[role] != now[role]} == {"card"}


def test_a_role_without_files_has_no_digest() -> None:
    assert role_digests([]) == {}


def test_oracle_the_root_is_what_the_openssf_signing_tool_computes() -> None:
    contents = {
        "README.md": b"# A\n",
        "config.json": b"{}",
        "a/x.bin": b"1",
        "a-b/x.bin": b"2",
        "a.b": b"3",
        "sub/.gitignore": b"no\n",
        "é.txt": b"e",
        "Z.txt": b"z",
        "empty": b"",
        ".git/HEAD": b"ref",
        ".github/w.yml": b"on: x",
        ".gitattributes": b"*.bin lfs\n",
        ".gitignore": b"x\n",
    }

    root = manifest_digest([hashed(path, content) for path, content in contents.items()])

    # model-signing 1.1.1 on a folder of these files: signing.Payload(hashing.hash(folder)), the subject's digest
    assert root == "8cdadc3e06af8bc71b9a8c6532cd69a04484582d2afea6b57a31e48df5cfab11"


def test_the_root_of_one_file_is_the_hash_of_its_hash() -> None:
    content = hashlib.sha256(b"w").digest()

    assert manifest_digest([hashed("model.bin", b"w")]) == hashlib.sha256(content).hexdigest()


def test_the_signature_is_not_part_of_what_it_signs() -> None:
    files = [hashed("model.bin", b"w")]

    assert manifest_digest([*files, hashed("model.sig", b"s")]) == manifest_digest(files)
    assert manifest_digest([*files, hashed("m.sigstore", b"s")], signature="m.sigstore") == manifest_digest(files)


def test_there_is_no_root_until_every_file_was_hashed() -> None:
    assert manifest_digest([hashed("a", b"1"), file("b", git_oid="1" * 40)]) is None
    assert manifest_digest([]) is None


def test_a_file_that_is_not_signed_need_not_be_hashed() -> None:
    files = [hashed("a", b"1")]

    assert manifest_digest([*files, file(".gitattributes", git_oid="1" * 40)]) == manifest_digest(files)


@pytest.mark.parametrize("path", ["a", "a/b.c", ".hidden", "a b", "模型.bin", "…", "a..b", "x" * 1000])
def test_an_ordinary_path_stands_in_a_manifest(path: str) -> None:
    assert bad_path(path) == ""


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "no name"),
        ("../../etc/passwd", "leads out"),
        ("/etc/passwd", "leads out"),
        ("a//b", "leads out"),
        ("a/./b", "leads out"),
        ("a/", "leads out"),
        ("a\x00b", "control characters"),
        ("a\nb", "control characters"),
        ("\u202egnp.exe", "control characters"),
        ("a\udcff", "not UTF-8"),
        ("x" * 1001, "more than 1000"),
    ],
)
def test_fault_v45_a_path_that_tricks_the_reader_is_refused(path: str, why: str) -> None:
    assert why in bad_path(path)
