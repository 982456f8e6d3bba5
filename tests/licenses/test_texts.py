"""Licence texts are told apart by their words, exactly."""

from __future__ import annotations

import csv
import re
import shutil
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licenses import catalogue, texts
from licenses.catalogue import TableError
from licenses.expressions import All, Term, Undecided, parse

ROOT = Path(__file__).parents[2]
COPIES = ROOT.parent / "shared" / "data" / "licences" / "texts"
LLAMAS = {
    "llama2": "llama2",
    "llama3": "llama3",
    "llama3_1": "llama3.1",
    "llama3_2": "llama3.2",
    "llama3_3": "llama3.3",
    "llama4": "llama4",
}
"""Folder of the licensor's repository -> row of the table."""

MIT = """MIT License

Copyright (c) 2024 Jane Doe

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


@pytest.fixture
def copies() -> Path:
    if not COPIES.is_dir():
        pytest.skip(f"{COPIES} is not here")
    return COPIES


def row(text: str | bytes) -> str | None:
    found = texts.identify(text)
    return found.id if found else None


# --- the form in which texts are compared --------------------------------------------------------------------------
@given(st.text(max_size=300))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = texts.normalise(text)

    assert texts.normalise(once) == once


@given(st.lists(st.from_regex(r"[A-Za-z0-9]{1,12}[.,;:]?", fullmatch=True), min_size=1, max_size=40), st.data())
def test_wrapping_case_and_space_do_not_matter(words: list[str], data: st.DataObject) -> None:
    spaces = data.draw(
        st.lists(st.sampled_from([" ", "\n", "  ", "\r\n", "\t", "\n\n", "\u00a0"]), min_size=len(words))
    )
    wrapped = "".join(word + space for word, space in zip(words, spaces, strict=False))

    assert texts.fingerprint(wrapped.upper()) == texts.fingerprint(" ".join(words).upper())
    assert texts.normalise(wrapped.swapcase()) == texts.normalise(wrapped)


@given(st.lists(st.sampled_from(["may", "use", "copy", "sell", "only", "not"]), min_size=2, max_size=20), st.data())
def test_a_changed_word_is_another_text(words: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(words) - 1))
    changed = [*words[:at], "never", *words[at + 1 :]]

    assert texts.fingerprint(" ".join(changed)) != texts.fingerprint(" ".join(words))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“AS IS”", '"as is"'),
        ("``AS IS''", "'as is'"),
        ("licensor’s — work", "licensor's - work"),
        ("**2.1 Grant.** You may", "2.1 grant. you may"),
        ("# Title\n\n* first\n* second", "title first second"),
        ("see https://example.org", "see http://example.org"),
        ("ﬁne", "FINE"),
        ("\ufeffMIT", "mit"),
    ],
)
def test_typography_and_layout_do_not_matter(one: str, other: str) -> None:
    assert texts.normalise(one) == texts.normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("You may not", "You may"),
        ("100 million", "700 million"),
        ("Llama 3", "Llama 3.1"),
        ("non-commercial use", "commercial use"),
        ("a, b or c", "a, b and c"),
    ],
)
def test_words_and_numbers_matter(one: str, other: str) -> None:
    assert texts.normalise(one) != texts.normalise(other)


# --- known texts -----------------------------------------------------------------------------------------------------
def test_every_copy_of_a_text_is_its_own_row(copies: Path) -> None:
    rows = {one.scancode_key: one for one in catalogue.all_licences() if one.scancode_key}
    # A family names no text, and two rows know only a sibling of theirs.
    siblings = {"apple-ml-ferret-2023", "chameleon-research-2024"}
    checked = 0
    for path in copies.glob("*.txt"):
        licence = rows.get(path.stem)
        if licence is None or licence.family == "placeholder" or path.stem in siblings:
            continue
        assert row(path.read_bytes()) == licence.id, path.name
        checked += 1

    assert checked >= 75


@pytest.mark.parametrize(("folder", "licence"), LLAMAS.items())
def test_the_versions_of_llama_are_told_apart_by_the_licensors_own_copies(
    copies: Path, folder: str, licence: str
) -> None:
    assert row((copies / f"meta-{folder}-LICENSE.txt").read_bytes()) == licence
    assert row((copies / f"meta-{folder}-USE_POLICY.txt").read_bytes()) is None


def test_texts_without_a_row_are_not_taken_for_another(copies: Path) -> None:
    keys = {one.scancode_key for one in catalogue.all_licences()} | {"gemma-tou-2024-04-01"}
    strangers = [path for path in copies.glob("*.txt") if path.stem not in keys and not path.stem.startswith("meta-")]

    assert len(strangers) > 80
    for path in strangers:
        # The index holds one text under two keys: later versions may be used, the text is the same.
        same = path.stem.removesuffix("-plus") in keys or path.stem in ("etalab-2.0", "lgpl-3.0-plus")
        assert row(path.read_bytes()) is None or same, path.name


def test_two_rows_never_share_a_text() -> None:
    with (catalogue.DATA / catalogue.TEXTS).open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))

    assert len({line["sha256"] for line in lines}) == len(lines) == len(texts.known_texts())


@pytest.mark.parametrize(
    "written",
    [
        MIT,
        MIT.replace("2024 Jane Doe", "2019-2024 Müller & Söhne GmbH <post@example.org>, Ltd."),
        MIT.replace("Copyright (c) 2024 Jane Doe", "Copyright © 2024, J. Doe. All rights reserved."),
        MIT.replace("MIT License\n\n", ""),
        MIT.replace("MIT License", "# The MIT License (MIT)"),
        MIT.replace("Jane Doe\n", "Jane Doe\nCopyright (c) 2025 John Roe\nAll rights reserved.\n"),
        MIT.replace("\n", "\r\n"),
        " ".join(MIT.partition("Permission")[1:][0:1]) + MIT.partition("Permission")[2].replace("\n", " "),
    ],
)
def test_a_template_is_known_whoever_signs_it(written: str) -> None:
    assert row(written) == row(written.encode()) == "mit"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("without restriction", "without commercial restriction"),
        ("2024 Jane Doe", "2024 Jane Doe. You may not sell it."),
        ("Copyright (c) 2024 Jane Doe", "Copyright (c) 2024: no commercial use"),
        ("SOFTWARE.\n", "SOFTWARE.\nThe Software shall be used for Good, not Evil.\n"),
        ("SOFTWARE.\n", "SOFTWARE.\nCopyright 2024 Jane. Military use is prohibited.\n"),
    ],
)
def test_a_template_with_one_more_term_is_not_known(old: str, new: str) -> None:
    changed = MIT.replace(old, new)
    assert changed != MIT

    assert row(changed) is None


def test_the_notice_of_a_text_that_is_no_template_is_part_of_it(copies: Path) -> None:
    signed = "Copyright (c) 2024 Somebody Else\n\n" + (copies / "meta-llama3-LICENSE.txt").read_text(encoding="utf-8")

    assert row(signed) is None


def test_the_apache_text_is_known_with_its_appendix_filled_in(copies: Path) -> None:
    written = (copies / "apache-2.0.txt").read_text(encoding="utf-8")

    assert row(written) == "apache-2.0"
    assert row(written.replace("[yyyy] [name of copyright owner]", "2024 01.AI")) == "apache-2.0"


def test_files_of_installed_packages_are_what_their_metadata_declare() -> None:
    """Texts in the wild: where one is known, the package says the same licence of itself.

    A file that is named after somebody else's part (``LICENSE.eigen``) is that part's, and says nothing of the package.
    """
    compared = 0
    for package in metadata.distributions():
        declared = parse(package.metadata.get("License-Expression"))
        if not isinstance(declared, Term):
            continue
        for path in package.files or ():
            if path.parent.name in ("licenses",) and re.fullmatch(
                r"(LICEN[CS]E|COPYING)([-_].+)?(\.(txt|md|rst))?", path.name
            ):
                found = texts.identify(path.locate().read_bytes())
                if found is not None:
                    assert texts.contradiction(declared, found) is None, (package.name, path)
                    compared += 1

    assert compared >= 20


# --- hostile input ---------------------------------------------------------------------------------------------------
HOSTILE: dict[str, str | bytes] = {
    "nothing": "",
    "no bytes": b"",
    "NUL": "\0" * 1000,
    "NUL bytes": b"\0" * 1000,
    "half a UTF-16 character": b"\xff\xfe\x00",
    "broken UTF-16": b"\xfe\xff" + b"\xd8" * 7,
    "every byte": bytes(range(256)) * 4,
    "lone surrogates": "\ud800 lone \udfff",
    "a letter that grows": "\ufdfa" * 5_000,
    "10 MB of text": "a" * 10_000_000,
    "10 MB of bytes": b"\xc3" * 10_000_000,
    "only layout": "#*_" * 40_000,
    "only quotes": "'" * 100_000,
    "only hyphens": "- " * 50_000,
    "only spaces": " " * 100_000,
    "a notice without an end": "Copyright (c) 2024 " * 5_000,
    "notices without a name": "(c)" * 40_000,
    "letters with many marks": "é\u0301\u0327" * 30_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_no_content_is_an_error_and_none_of_it_is_a_licence(content: str | bytes) -> None:
    assert texts.identify(content) is None
    assert re.fullmatch(r"[0-9a-f]{64}", texts.fingerprint(content))


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400)))
def test_any_bytes_have_a_fingerprint(content: str | bytes) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", texts.fingerprint(content))


def test_a_fingerprint_that_was_stored_is_looked_up_later() -> None:
    assert texts.licence_of(texts.fingerprint(MIT)) is catalogue.find("mit")
    assert texts.licence_of("0" * 64) is None
    assert texts.licence_of("") is None


# --- what is declared against what is there --------------------------------------------------------------------------
def rows(*ids: str) -> list[catalogue.Licence]:
    found = [catalogue.find(one) for one in ids]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("declared", "found", "code"),
    [
        ("apache-2.0", ["llama3"], "U-TEXT"),
        ("llama3.1", ["llama3"], "U-TEXT"),
        ("mit", ["mit"], None),
        (["mit", "apache-2.0"], ["apache-2.0"], None),
        ("MIT OR Apache-2.0", ["apache-2.0"], None),
        ("GPL-3.0-or-later", ["gpl-3.0"], None),
        ("lgpl-3.0", ["gpl-3.0", "lgpl-3.0"], None),
        ("lgpl-3.0", ["gpl-3.0"], None),
        ("gpl-3.0", ["lgpl-3.0"], "U-TEXT"),
        ("deepseek", ["mit", "deepseek"], None),
        ("other", ["llama3"], None),
        ("gpl", ["mit"], None),
        (None, ["mit"], None),
        ("proprietary", ["mit"], None),
        ("mit", [], None),
    ],
)
def test_a_text_contradicts_only_a_declaration_that_names_another(
    declared: object, found: list[str], code: str | None
) -> None:
    against = texts.contradiction(parse(declared), rows(*found))

    assert (against.code if against else None) == code


def test_a_contradiction_names_both_sides() -> None:
    against = texts.contradiction(parse("apache-2.0"), rows("llama3")[0])

    assert against is not None
    assert against.declared == "apache-2.0"
    assert against.text.id == "llama3"


def test_other_is_read_by_its_text() -> None:
    lifted = texts.lift(parse("other", "yi-license"), rows("yi-1.0"))
    listed = texts.lift(parse(["other", "mit"]), rows("yi-1.0"))

    assert isinstance(lifted, Term)
    assert lifted.licence.id == "yi-1.0"
    assert isinstance(listed, All)
    assert listed.listed
    assert [leaf.licence.id for leaf in listed.parts if isinstance(leaf, Term)] == ["yi-1.0", "mit"]


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("other", []),
        ("other", ["mit", "llama3"]),
        ("other", ["h-research"]),
        ("gpl", ["gpl-3.0"]),
        ("unknown", ["mit"]),
        (None, ["mit"]),
    ],
)
def test_nothing_else_is_read_by_a_text(declared: object, found: list[str]) -> None:
    assert isinstance(texts.lift(parse(declared), rows(*found)), Undecided)


# --- the list itself -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sha256,licence", "sha,licence", "the header is"),
        (",mit,", ",mti,", "column licence: 'mti'"),
        (",left_out,", ",dropped,", "column notices"),
        ("2026-11-29\n", "yesterday\n", "column date"),
        ("2026-11-29\n", "2026-13\n", "column date"),
    ],
)
def test_a_broken_list_is_refused_with_line_and_column(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = shutil.copytree(catalogue.DATA, tmp_path / "data")
    path = folder / catalogue.TEXTS
    written = path.read_text(encoding="utf-8")
    path.write_text(written.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(TableError, match=re.escape(said)):
        texts.load(folder)


def test_a_list_with_a_hash_twice_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(catalogue.DATA, tmp_path / "data")
    path = folder / catalogue.TEXTS
    written = path.read_text(encoding="utf-8")
    path.write_text(written + written.splitlines()[-1] + "\n", encoding="utf-8")

    with pytest.raises(TableError, match="twice"):
        texts.load(folder)


def test_whoever_adds_a_text_is_told_its_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "LICENSE"
    path.write_text(MIT, encoding="utf-8")

    assert texts.main([str(path)]) == 0

    assert capsys.readouterr().out == f"{texts.fingerprint(MIT)} mit {path}\n"
