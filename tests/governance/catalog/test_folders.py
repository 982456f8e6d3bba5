"""A folder as a snapshot: what is read, left out and refused, and of which kind it is."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from governance.catalog.folders import MAX_DEPTH, from_folder
from governance.catalog.manifests import manifest_digest
from governance.catalog.snapshots import MAX_TEXT_BYTES, MAX_TEXTS, SnapshotRefused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "onnx").mkdir(parents=True)
    (folder / "README.md").write_bytes(b"---\nlicense: mit\n---\r\n# A model\n")
    (folder / "config.json").write_bytes(b"{}")
    (folder / "onnx" / "model.onnx").write_bytes(b"\x00" * 3_000_000)
    return folder


def refusal(folder: Path | str, **given: object) -> SnapshotRefused:
    with pytest.raises(SnapshotRefused) as caught:
        from_folder(folder, repo_id="org/m", **given)  # type: ignore[arg-type]
    return caught.value


def test_a_folder_is_read_to_the_last_byte(folder: Path) -> None:
    snapshot = from_folder(folder, repo_id="org/m")

    assert snapshot.assurance == "hashed"
    assert (snapshot.kind, snapshot.source, snapshot.revision) == ("model", "local", None)
    assert snapshot.card == (folder / "README.md").read_bytes()
    assert [(f.path, f.size, f.sha256, f.role) for f in snapshot.files] == [
        (path, len(content), hashlib.sha256(content).hexdigest(), role)
        for path, content, role in [
            ("README.md", (folder / "README.md").read_bytes(), "card"),
            ("config.json", b"{}", "config"),
            ("onnx/model.onnx", b"\x00" * 3_000_000, "weights"),
        ]
    ]
    assert snapshot.byte_count == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert manifest_digest(snapshot.files) is not None


def test_the_digest_follows_the_bytes_and_not_the_place_or_the_time(folder: Path, tmp_path: Path) -> None:
    digest = from_folder(folder, repo_id="org/m").digest
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, copy_function=shutil.copyfile)
    assert from_folder(copy, repo_id="org/m").digest == digest

    (copy / "config.json").write_bytes(b"[]")

    assert from_folder(copy, repo_id="org/m").digest != digest


def test_progress_counts_bytes_up_to_all_of_them(folder: Path) -> None:
    seen: list[tuple[int, int]] = []

    snapshot = from_folder(folder, repo_id="org/m", progress=lambda done, known: seen.append((done, known)))

    assert {known for _, known in seen} == {snapshot.byte_count}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (snapshot.byte_count, snapshot.byte_count)
    assert len(seen) > len(snapshot.files)  # a large file is more than one step


def test_a_folder_without_a_card_has_none(folder: Path) -> None:
    (folder / "README.md").unlink()

    snapshot = from_folder(folder, repo_id="org/m")

    assert snapshot.card is None
    assert not snapshot.card_too_large


def test_an_empty_card_is_a_card(folder: Path) -> None:
    (folder / "README.md").write_bytes(b"")

    assert from_folder(folder, repo_id="org/m").card == b""


def test_a_card_of_five_megabytes_keeps_its_beginning_and_says_so(folder: Path) -> None:
    card = b"# big\n" + b"x" * 5_000_000
    (folder / "README.md").write_bytes(card)

    snapshot = from_folder(folder, repo_id="org/m")

    assert snapshot.card_too_large
    assert snapshot.card == card[:5_000_000]
    assert snapshot.files[0].sha256 == hashlib.sha256(card).hexdigest()


def test_what_belongs_to_git_and_to_the_hubs_client_is_left_out_and_named(folder: Path) -> None:
    digest = from_folder(folder, repo_id="org/m").digest
    for name in (".git", "onnx/.git", ".cache/huggingface"):
        (folder / name).mkdir(parents=True)
        (folder / name / "HEAD").write_bytes(b"ref")

    snapshot = from_folder(folder, repo_id="org/m")

    assert snapshot.digest == digest
    assert sorted(snapshot.skipped) == [".cache/huggingface", ".git", "onnx/.git"]


def test_a_link_to_a_file_inside_is_read_under_its_own_name(folder: Path) -> None:
    (folder / "latest.onnx").symlink_to("onnx/model.onnx")

    files = {f.path: f for f in from_folder(folder, repo_id="org/m").files}

    assert files["latest.onnx"].sha256 == files["onnx/model.onnx"].sha256
    assert files["latest.onnx"].size == 3_000_000


def test_a_link_out_of_the_folder_is_refused_and_says_how_to_mend_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    (folder / "a.bin").symlink_to(tmp_path / "secret")

    refused = refusal(folder)

    assert refused.code == "link_leaves_folder"
    assert "cp -rL" in refused.message
    assert "'a.bin'" in refused.message


@pytest.mark.parametrize(
    ("target", "code"),
    [("nowhere", "broken_link"), ("a.bin", "broken_link"), ("onnx", "link_to_folder"), (".", "link_to_folder")],
)
def test_a_link_that_is_no_file_is_refused(folder: Path, target: str, code: str) -> None:
    (folder / "a.bin").symlink_to(target)

    assert refusal(folder).code == code


def test_a_pipe_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    assert refusal(folder).code == "not_a_file"


def test_a_socket_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # an address of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")

        assert refusal(folder).code == "not_a_file"


def test_a_name_that_is_not_utf8_is_refused(folder: Path) -> None:
    try:
        (folder / os.fsdecode(b"w\xff.bin")).write_bytes(b"1")
    except OSError:
        pytest.skip("this file system refuses such names itself")

    refused = refusal(folder)

    assert refused.code == "bad_file_name"
    assert "not UTF-8" in refused.message
    assert refused.message.isprintable()


def test_a_name_with_a_line_end_is_refused(folder: Path) -> None:
    (folder / "a\nb").write_bytes(b"1")

    assert refusal(folder).code == "bad_file_name"


def test_more_files_than_a_repository_has_are_refused(folder: Path) -> None:
    for number in range(4):
        (folder / f"{number}.txt").write_bytes(b"")

    assert refusal(folder, max_files=6).code == "too_many_files"
    assert len(from_folder(folder, repo_id="org/m", max_files=7).files) == 7


def test_folders_within_folders_without_end_are_refused(folder: Path) -> None:
    (folder / "/".join("d" * (MAX_DEPTH + 2))).mkdir(parents=True)

    assert refusal(folder).code == "too_deep"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused = refusal(tmp_path / "no")

    assert refused.code == "no_such_folder"
    assert str(tmp_path / "no") in refused.message


@pytest.mark.parametrize("path", ["/a\x00b", "/" + "x" * 5000])
def test_a_path_that_cannot_be_is_refused(path: str) -> None:
    assert refusal(path).code in ("unreadable", "no_such_folder")


def test_a_file_is_no_folder(folder: Path) -> None:
    assert refusal(folder / "config.json").code == "not_a_folder"


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)

    assert refusal(tmp_path / "empty").code == "empty_folder"


def test_a_kind_that_there_is_not_is_refused(folder: Path) -> None:
    assert refusal(folder, kind="bucket").code == "unknown_kind"


@pytest.mark.parametrize("locked", ["a.bin", "inner"])
def test_what_may_not_be_read_is_named_and_nothing_is_left_out_silently(locked: str) -> None:
    # Not pytest's own folder: that one is closed to others.
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "inner").mkdir()
        (folder / "a.bin").write_bytes(b"1")
        (folder / locked).chmod(0)
        folder.chmod(0o755)
        was = os.geteuid()
        if was == 0:
            os.seteuid(65534)
        try:
            refused = refusal(folder)
        finally:
            if was == 0:
                os.seteuid(0)
            (folder / locked).chmod(0o700)

    assert refused.code == "unreadable"
    assert locked in refused.message
    assert "give the right to read it" in refused.message


def test_a_file_that_changes_while_it_is_read_is_refused(folder: Path) -> None:
    def meddle(done: int, known: int) -> None:
        with (folder / "onnx" / "model.onnx").open("ab") as file:
            file.write(b"more")

    assert refusal(folder, progress=meddle).code == "changed_while_reading"


def test_a_folder_of_a_dataset_is_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"---\nsize_categories: n<1K\n---\n")
    (tmp_path / "train.json").write_bytes(b"[]")

    snapshot = from_folder(tmp_path, repo_id="org/d")

    assert snapshot.kind == "dataset"
    assert [f.role for f in snapshot.files] == ["card", "data"]


def test_licence_texts_of_a_folder_are_kept_and_nothing_else_is(folder: Path) -> None:
    (folder / "LICENSE").write_bytes(b"You may.\r\n")
    (folder / "NOTICE").write_bytes(b"")
    (folder / "COPYING.txt").write_bytes(b"x" * MAX_TEXT_BYTES)
    (folder / "LICENSE-LONG").write_bytes(b"x" * 1_000_000)

    found = from_folder(folder, repo_id="org/m")

    assert found.texts == (("COPYING.txt", b"x" * MAX_TEXT_BYTES), ("LICENSE", b"You may.\r\n"), ("NOTICE", b""))


def test_of_many_licence_texts_those_at_the_top_are_kept(folder: Path) -> None:
    for number in range(20):
        (folder / f"part{number:02}").mkdir()
        (folder / f"part{number:02}" / "LICENSE").write_bytes(b"of a part")
    (folder / "LICENSE").write_bytes(b"of the whole")

    kept = [path for path, _ in from_folder(folder, repo_id="org/m").texts]

    assert len(kept) == MAX_TEXTS
    assert kept[:2] == ["LICENSE", "part00/LICENSE"]
