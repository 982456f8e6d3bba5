"""Names and revisions: which are taken, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.catalog.repository_names import entry_key, repo_id_of_file_name, valid_commit, valid_repo_id
from governance.catalog.snapshots import SnapshotRefused

CARDS = Path(__file__).resolve().parents[4] / "shared" / "data" / "cards"


@pytest.mark.parametrize(
    "name", ["gpt2", "org/name", "A-b_c.d/E.f-g_h", "0/0", "glasses/resnet18.git", "_x/_y_", "o/" + "n" * 222]
)
def test_a_name_of_the_hub_is_valid_as_it_stands(name: str) -> None:
    assert valid_repo_id(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "/",
        "a/",
        "/a",
        "a/b/c",
        "../../etc",
        "..",
        "a/..",
        "a..b",
        "org/-x",
        "org/x-",
        "org/x.",
        "org/.x",
        "a--b",
        "\u202eorg/x",
        "org/x\u200b",
        "оrg/x",
        "org/x😀",
        "org/x y",
        "org/x\x00",
        "org\\x",
        "org/x%2e",
        "_/x",
        "https://huggingface.co/org/x",
        "n" * 10_000,
        "\ufdfa" * 250,
        "org/\ud800",
    ],
)
def test_fault_v45_a_name_that_tricks_is_refused(name: str) -> None:
    with pytest.raises(SnapshotRefused) as caught:
        valid_repo_id(name)

    assert caught.value.code == "bad_repo_id"
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400


def test_the_refusal_names_the_letter_that_looks_like_another() -> None:
    with pytest.raises(SnapshotRefused, match=r"U\+043E \(CYRILLIC SMALL LETTER O\)"):
        valid_repo_id("оrg/x")


def test_a_name_that_was_pasted_with_spaces_around_it_is_taken_without() -> None:
    assert valid_repo_id(" org/x\n") == "org/x"


@pytest.mark.parametrize("text", [None, 3, b"gpt2", ["gpt2"]])
def test_a_name_is_a_text(text: object) -> None:
    with pytest.raises(SnapshotRefused, match="is text"):
        valid_repo_id(text)


def test_fault_v45_two_spellings_of_a_name_are_one_entry() -> None:
    assert valid_repo_id("ｇｐｔ２") == "gpt2"
    assert entry_key("Org/GPT2") == entry_key("org/gpt2") == entry_key("ｏｒｇ/gpt2")
    assert entry_key("org/gpt2") != entry_key("org/gpt-2")


@given(st.text(max_size=300))
def test_a_name_is_refused_or_safe_whatever_was_typed(text: str) -> None:
    try:
        name = valid_repo_id(text)
    except SnapshotRefused:
        return
    assert valid_repo_id(name) == name
    assert name.isascii()
    assert name.isprintable()
    assert ".." not in name
    assert entry_key(entry_key(name)) == entry_key(name)


@pytest.mark.parametrize("text", ["main", "v1.0", "6aca9fe", "a" * 39, "a" * 41, "g" * 40, "", None, "a" * 64])
def test_a_revision_that_is_not_a_full_commit_is_refused_and_says_how_to_get_one(text: object) -> None:
    with pytest.raises(SnapshotRefused, match="git ls-remote") as caught:
        valid_commit(text)

    assert caught.value.code == "revision_must_be_commit_sha"


def test_a_commit_is_written_in_small_letters() -> None:
    assert valid_commit("ABCDEF" + "0" * 34) == "abcdef" + "0" * 34


@pytest.mark.parametrize(
    ("name", "repo_id"), [("org__name.md", "org/name"), ("gpt2.md", "gpt2"), ("org__my__name.MD", "org/my__name")]
)
def test_a_card_file_is_named_after_its_repository(name: str, repo_id: str) -> None:
    assert repo_id_of_file_name(name) == repo_id


def test_every_real_card_file_is_named_after_a_valid_repository() -> None:
    if not CARDS.is_dir():
        pytest.skip(f"{CARDS} is absent")
    names = [path.name for path in sorted((CARDS / "models").glob("*.md"))]

    assert len({entry_key(repo_id_of_file_name(name)) for name in names}) == len(names) > 1000
