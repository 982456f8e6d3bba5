from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.catalog.answers import api_answers, snapshot_from_answer
from governance.catalog.repository_names import entry_key
from governance.catalog.snapshots import Snapshot, SnapshotRefused

HUB_API = Path(__file__).resolve().parents[4] / "shared" / "data" / "cards" / "hub_api"
SHA = "6aca9fe5edca51e69d13734271c0c60793c16831"

# As /api/models/{id}?blobs=true answers.
ANSWER: dict[str, Any] = {
    "id": "org/m",
    "modelId": "org/m",
    "sha": SHA,
    "lastModified": "2022-01-11T03:52:33.000Z",
    "tags": ["pytorch", "license:mit"],
    "pipeline_tag": "text2text-generation",
    "library_name": "transformers",
    "private": False,
    "gated": "manual",
    "downloads": 225,
    "likes": 0,
    "siblings": [
        {"rfilename": "README.md", "size": 5, "blobId": "a" * 40},
        {
            "rfilename": "model.safetensors",
            "size": 135,
            "blobId": "b" * 40,
            "lfs": {"sha256": "c" * 64, "size": 7_000_000_000, "pointerSize": 135},
        },
    ],
}


def snapshot(kind: str = "model", max_card_bytes: int = 5_000_000, **changed: Any) -> Snapshot:
    return snapshot_from_answer(ANSWER | changed, kind=kind, source="hub:huggingface.co", max_card_bytes=max_card_bytes)


def test_an_answer_with_sizes_and_hashes_is_a_listed_snapshot() -> None:
    found = snapshot()

    assert found.assurance == "listed"
    assert (found.kind, found.source, found.repo_id, found.revision) == ("model", "hub:huggingface.co", "org/m", SHA)
    assert [(f.path, f.size, f.sha256, f.git_oid, f.role) for f in found.files] == [
        ("README.md", 5, None, "a" * 40, "card"),
        ("model.safetensors", 7_000_000_000, "c" * 64, "b" * 40, "weights"),
    ]
    assert found.card is None
    assert found.last_modified == dt.datetime(2022, 1, 11, 3, 52, 33, tzinfo=dt.UTC)
    assert (found.library, found.task) == ("transformers", "text2text-generation")
    assert (found.tags, found.private, found.gated) == (("pytorch", "license:mit"), False, "manual")
    assert (found.downloads, found.likes) == (225, 0)


def test_what_the_hub_does_not_say_is_unknown_and_not_zero() -> None:
    found = snapshot_from_answer({"id": "m"}, kind="space", source="hub:h")

    assert found.files == ()
    assert found.assurance == "card-only"
    unknown = ["revision", "card", "last_modified", "library", "task", "private", "gated", "downloads", "likes"]
    assert [getattr(found, name) for name in unknown] == [None] * len(unknown)


@pytest.mark.parametrize(
    "siblings",
    [
        [],
        [{"rfilename": "a"}],
        [{"rfilename": "a", "size": 1, "blobId": "a" * 40}, {"rfilename": "b", "size": 1}],
        [{"rfilename": "a", "blobId": "a" * 40}],
        [{"rfilename": "a", "size": 1, "blobId": "not hex"}],
        [{"rfilename": "a", "size": -1, "blobId": "a" * 40}],
        [{"rfilename": "a", "size": True, "blobId": "a" * 40}],
        [{"rfilename": "a", "size": 2**60, "blobId": "a" * 40}],
        [{"rfilename": "a", "size": 1, "lfs": {"sha256": "a" * 40}}],
    ],
)
def test_one_file_without_its_size_or_hash_and_nothing_is_called_listed(siblings: list[dict[str, Any]]) -> None:
    found = snapshot(siblings=siblings)

    assert found.assurance == "card-only"
    assert len(found.files) == len(siblings)
    assert len(found.digest) == 64


def test_without_a_commit_nothing_is_called_listed() -> None:
    found = snapshot(sha=None)

    assert (found.revision, found.assurance) == (None, "card-only")


def test_a_card_beside_the_answer_has_its_own_hash_where_the_listing_has_none() -> None:
    found = snapshot(siblings=[{"rfilename": "config.json"}, {"rfilename": "README.md"}], cardText="# x\n")

    assert found.card == b"# x\n"
    assert [(f.path, f.size, f.sha256) for f in found.files] == [
        ("config.json", None, None),
        ("README.md", 4, hashlib.sha256(b"# x\n").hexdigest()),
    ]
    assert snapshot(siblings=[], cardText="# y\n").digest != snapshot(siblings=[], cardText="# x\n").digest


def test_a_card_beside_a_full_listing_leaves_the_listing_as_the_hub_gave_it() -> None:
    assert snapshot(cardText="# x\n").digest == snapshot().digest
    assert snapshot(cardText="# x\n").card == b"# x\n"


def test_a_card_with_half_a_surrogate_pair_is_kept_as_bytes_that_are_not_utf8() -> None:
    found = snapshot(cardText="a\x00\ud800")

    assert found.card == b"a\x00\xed\xa0\x80"


def test_a_card_that_is_too_large_keeps_its_beginning() -> None:
    found = snapshot(cardText="ab" * 100, max_card_bytes=150)

    assert found.card_too_large
    assert found.card == b"ab" * 75


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"id": None, "modelId": None}, "bad_repo_id"),
        ({"id": "../../etc"}, "bad_repo_id"),
        ({"id": ["a"]}, "bad_repo_id"),
        ({"sha": "main"}, "revision_must_be_commit_sha"),
        ({"sha": 3}, "revision_must_be_commit_sha"),
        ({"siblings": {}}, "bad_listing"),
        ({"siblings": ["README.md"]}, "bad_listing"),
        ({"siblings": [{}]}, "bad_listing"),
        ({"siblings": [{"rfilename": "a"}, {"rfilename": "a"}]}, "bad_listing"),
        ({"siblings": [{"rfilename": "../a"}]}, "bad_file_name"),
        ({"siblings": [{"rfilename": "a\x00"}]}, "bad_file_name"),
        ({"siblings": [{"rfilename": "\ud800"}]}, "bad_file_name"),
        ({"siblings": [{"rfilename": str(n)} for n in range(100_001)]}, "too_many_files"),
        ({"kind": "bucket"}, "unknown_kind"),
    ],
)
def test_an_answer_that_cannot_be_stored_is_refused_with_its_reason(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(SnapshotRefused) as caught:
        snapshot(**changed)

    assert caught.value.code == code
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    ("changed", "name", "value"),
    [
        ({"lastModified": "yesterday"}, "last_modified", None),
        ({"lastModified": 7}, "last_modified", None),
        ({"lastModified": "0001-01-01T00:00:00+23:59"}, "last_modified", None),
        ({"downloads": "many"}, "downloads", None),
        ({"downloads": 2**63}, "downloads", None),
        ({"likes": 1.5}, "likes", None),
        ({"private": "no"}, "private", None),
        ({"gated": False}, "gated", False),
        ({"gated": {}}, "gated", None),
        ({"tags": "pytorch"}, "tags", ()),
        ({"tags": ["a\x00b", 3, "", "\ud800"]}, "tags", ("a\ufffdb", "\ufffd")),
        ({"tags": ["t"] * 1000}, "tags", ("t",) * 500),
        ({"pipeline_tag": "x" * 100}, "task", "x" * 80),
        ({"library_name": ["peft"]}, "library", None),
    ],
)
def test_a_fact_of_another_type_is_unknown_and_spoils_nothing_else(
    changed: dict[str, Any], name: str, value: object
) -> None:
    found = snapshot(**changed)

    assert getattr(found, name) == value
    assert found.repo_id == "org/m"


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*ANSWER, "cardText"]), json_values))
def test_any_answer_is_a_snapshot_or_a_refusal(changed: dict[str, Any]) -> None:
    try:
        found = snapshot(**changed)
    except SnapshotRefused:
        return
    assert len(found.digest) == 64


# --- files of answers


def read(path: Path, **given: Any) -> tuple[list[dict[str, Any]], list[str]]:
    answers, refused = [], []
    for item in api_answers(path, **given):
        if isinstance(item, SnapshotRefused):
            refused.append(f"{item.code}: {item.message}")
        else:
            answers.append(item)
    return answers, refused


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_answers_are_read_line_by_line_and_a_bad_line_is_named(tmp_path: Path, ending: str) -> None:
    lines = [b'{"id":"a"}', b"", b"{", b"[1]", b'"\xff"', b"[" * 100_000, b"1" * 5000, b'{"id":"b"}\r', b'{"id":"c"}']
    path = tmp_path / f"hub{ending}"
    path.write_bytes(gzip.compress(b"\n".join(lines)) if ending.endswith("gz") else b"\n".join(lines))

    answers, refused = read(path)

    assert answers == [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    assert [text.split(" line ")[1].split()[0] for text in refused] == ["3", "4", "5", "6", "7"]
    assert all(text.startswith(f"bad_json: 'hub{ending}' line ") for text in refused)


def test_a_line_without_end_is_refused_and_never_held(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(b'{"id":"a"}\n' + b"x" * 20_000_000 + b'\n{"id":"b"}\n')

    tracemalloc.start()
    answers, refused = read(path, max_line=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert answers == [{"id": "a"}, {"id": "b"}]
    assert refused == ["line_too_long: 'hub.jsonl' line 2 is longer than 100000 bytes; split its card off"]
    assert peak < 4_000_000


@pytest.mark.parametrize("length", [99, 100, 101])
def test_a_line_is_too_long_from_its_first_byte_beyond_the_bound(tmp_path: Path, length: int) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(b'{"a":"%s"}\n{}' % (b"x" * (length - 8)))

    answers, refused = read(path, max_line=100)

    assert len(answers) == (2 if length <= 100 else 1)
    assert len(refused) == (0 if length <= 100 else 1)


def test_a_packed_file_of_several_members_is_read_through(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id":"a"}\n{"id"') + gzip.compress(b':"b"}\n'))

    assert read(path) == ([{"id": "a"}, {"id": "b"}], [])


def test_a_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl.gz"
    with gzip.open(path, "wb") as file:
        file.write(b'{"id":"a"}\n')
        for _ in range(100):
            file.write((b" " * 999 + b"\n") * 1000)

    tracemalloc.start()
    answers, refused = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert path.stat().st_size < 500_000
    assert answers == [{"id": "a"}]
    assert [text.split(":")[0] for text in refused] == ["unpacks_too_large"]
    assert peak < 40_000_000


def test_a_packed_file_that_is_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    whole = gzip.compress(
        b"".join(
            b'{"id":"m%d","n":"%s"}\n' % (n, hashlib.sha256(b"%d" % n).digest().hex().encode()) for n in range(9000)
        )
    )
    path = tmp_path / "hub.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])

    answers, refused = read(path)

    assert 0 < len(answers) < 9000
    assert [text.split(":")[0] for text in refused][-1] == "damaged_file"


@pytest.mark.parametrize("content", [b"", b"plain text", b"\x1f\x8b\x08\x00garbage"])
def test_a_packed_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hub.jsonl.gz"
    path.write_bytes(content)

    answers, refused = read(path)

    assert answers == []
    assert [text.split(":")[0] for text in refused] == ["damaged_file"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert read(tmp_path / "no.jsonl")[1] == ["unreadable: cannot read 'no.jsonl': No such file or directory"]


@pytest.mark.parametrize("pattern", ["models_info_2022.jsonl.gz", "hub_2022_bulk_*.jsonl.gz"])
def test_every_real_answer_of_the_hub_becomes_a_snapshot(pattern: str) -> None:
    files = sorted(HUB_API.glob(pattern))
    if not files:
        pytest.skip(f"{HUB_API / pattern} is absent")
    digests, keys, cards, listed = set(), set(), 0, 0
    for path in files:
        for answer in api_answers(path):
            assert not isinstance(answer, SnapshotRefused), answer
            found = snapshot_from_answer(answer, kind="model", source="hub:huggingface.co")
            digests.add(found.digest)
            keys.add(entry_key(found.repo_id))
            cards += found.card is not None
            listed += found.assurance == "listed"
            assert found.revision == answer["sha"]
            assert {f.path for f in found.files} >= {sibling["rfilename"] for sibling in answer["siblings"]}

    assert len(digests) == len(keys) == (17_716 if "bulk" in pattern else 1_123)
    assert cards == (9_140 if "bulk" in pattern else 0)
    assert listed == 0  # names alone, in those days


def test_no_line_of_a_real_file_is_lost() -> None:
    path = HUB_API / "hub_2022_bulk_07.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    with gzip.open(path) as file:
        lines = [json.loads(line) for line in file]

    assert list(api_answers(path)) == lines
