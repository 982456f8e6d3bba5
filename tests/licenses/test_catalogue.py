from __future__ import annotations

import ast
import gzip
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from licenses import catalogue
from licenses.catalogue import TableError

ROOT = Path(__file__).parents[2]
LISTS = ROOT.parent / "shared" / "data" / "licences"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the table to break."""
    copy = tmp_path / "data"
    shutil.copytree(catalogue.DATA, copy)
    return copy


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8", newline="")


def test_the_hub_has_83_identifiers_and_every_one_has_a_row() -> None:
    identifiers = catalogue.hub_identifiers()

    assert len(identifiers) == 83
    for identifier in identifiers:
        row = catalogue.find(identifier)
        assert row is not None
        assert row.hf_id
        assert row.id == identifier


def test_the_identifiers_are_those_of_the_hubs_own_list() -> None:
    source = LISTS / "hf-license-identifiers.json"
    if not source.exists():
        pytest.skip(f"{source} is not here")

    written = json.dumps(json.loads(source.read_text(encoding="utf-8")))

    for identifier in catalogue.hub_identifiers():
        assert f'"{identifier}"' in written


def test_every_spdx_id_is_on_the_spdx_list_and_every_text_key_in_the_text_index() -> None:
    source, index = LISTS / "spdx-license-list.json", LISTS / "scancode-license-index.json.gz"
    if not (source.exists() and index.exists()):
        pytest.skip(f"{LISTS} is not here")
    spdx = json.dumps(json.loads(source.read_text(encoding="utf-8")))
    with gzip.open(index, "rt", encoding="utf-8") as file:
        keys = file.read()

    for row in catalogue.all_licences():
        assert not row.spdx or f'"{row.spdx}"' in spdx, row.spdx
        assert not row.scancode_key or f'"{row.scancode_key}"' in keys, row.scancode_key


@pytest.mark.parametrize(
    ("written", "row"),
    [
        ("apache-2.0", "apache-2.0"),
        ("Apache-2.0", "apache-2.0"),
        ("  MIT ", "mit"),
        ("GPL-3.0-only", "gpl-3.0"),
        ("ODbL-1.0", "odbl"),
        ("openrail++", "openrail++"),
        ("NVIDIA-open-model-license", "nvidia-open-model"),
        ("falcon-180b-license", "falcon-180b"),
    ],
)
def test_a_licence_is_found_by_hub_id_spdx_id_or_alias_in_any_case(written: str, row: str) -> None:
    found = catalogue.find(written)

    assert found is not None
    assert found.id == row


@pytest.mark.parametrize("written", ["", "apache 2", "business-source", "LicenseRef-mine", "\0", "modified-mit"])
def test_what_is_not_in_the_table_is_not_found(written: str) -> None:
    assert catalogue.find(written) is None


def test_columns_are_typed() -> None:
    row = catalogue.find("llama3.1")

    assert row is not None
    assert row.mau_cap == 700_000_000
    assert row.osi_approved is False
    assert row.reach_finetune.words == ("terms",)
    assert row.reach_distill.unclear
    assert row.termination == ("breach", "IP-litigation", "delete")


def test_every_row_says_where_and_when_it_was_read() -> None:
    for row in catalogue.all_licences():
        assert row.source_ref.strip()
        assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", row.read_on)


def test_spdx_ids_are_those_of_the_index_that_expressions_are_read_with() -> None:
    from license_expression import get_license_index

    known = {entry["spdx_license_key"] for entry in get_license_index() if entry.get("spdx_license_key")}

    assert {row.spdx for row in catalogue.all_licences() if row.spdx} <= known


def test_a_row_that_was_not_read_says_why_and_grants_nothing_by_it() -> None:
    unread = [row for row in catalogue.all_licences() if row.evidence == "not_read"]

    assert {row.id for row in unread} >= {"h-research", "intel-research", "ai2-impact-lr", "jamba-open-model"}
    for row in unread:
        assert "not in the stored copies" in row.source_ref or "not in stored copies" in row.source_ref
        assert row.reach_finetune.words == ("unknown",)


@pytest.mark.parametrize(
    ("written", "row"),
    [
        ("apache-2", "apache-2.0"),
        ("BSD-3", "bsd-3-clause"),
        ("bsd-3", "bsd-3-clause"),
        ("CC-BY-SA-4.0", "cc-by-sa-4.0"),
        ("Creative Commons Zero v1.0 Universal", "cc0-1.0"),
        ("Creative Commons Attribution Share Alike 4.0", "cc-by-sa-4.0"),
        ("CC BY-NC 4.0", "cc-by-nc-4.0"),
        ("cc-by-nc-nd-2.0", "cc-by-nc-nd-2.0"),
        ("mrl", "mistral-research-0.1"),
        ("mnpl", "mistral-non-production-0.1"),
        ("deepseek-license", "deepseek"),
        ("gemma-terms-of-use", "gemma"),
        ("ai2-impact-license-low-risk", "ai2-impact-lr"),
        # Elements without a version are a family.
        ("cc-by-nc-sa", "cc"),
        ("cc-by-sa", "cc"),
    ],
)
def test_names_as_cards_write_them_are_known(written: str, row: str) -> None:
    found = catalogue.find(written)

    assert found is not None
    assert found.id == row


@pytest.mark.parametrize(
    "written",
    [
        # One label, several texts.
        "yi-license",
        "yi-34b",
        "flux-1-dev-non-commercial-license",
        "minimax-model-license",
        "exaone",
        "microsoft-research-license",
        "llama",
        "mistral",
        "gpl-3",
        "gfdl-1.1",
        "cc-by-sa-3.0-at",
    ],
)
def test_a_label_that_several_texts_share_names_none(written: str) -> None:
    assert catalogue.find(written) is None


def test_the_digest_changes_with_every_edit(folder: Path) -> None:
    before = catalogue.load(folder).digest
    assert before == catalogue.table_digest()
    assert re.fullmatch(r"[0-9a-f]{64}", before)

    edit(folder / "clauses.csv", "add the same for modifications", "add more for modifications")

    assert catalogue.load(folder).digest != before


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("licences.csv", ",MIT License,permissive,", ",MIT License,permisive,", r"line 3 \(mit\), column family"),
        ("licences.csv", "mit,y,MIT,mit,MIT License", "mit,yes,MIT,mit,MIT License", r"\(mit\), column hf_id"),
        ("licences.csv", "permission paragraph (use..sublicense..sell); notice condition paragraph", "", "source_ref"),
        ("licences.csv", ",1000000,all products", ",1e6,all products", "column mau_cap"),
        ("licences.csv", ",1000000,all products", ",-1,all products", "column mau_cap"),
        ("licences.csv", ",EU;UK;KR,", ",EU;XX,", "column territory_excl"),
        ("licences.csv", "EU (multimodal models only),", "EU (on Mondays),", "no rule for the condition"),
        ("licences.csv", "territory+no-compete", "territory+no-compte", "column reach_outputs: 'no-compte'"),
        ("licences.csv", "static:s.3.2-3.4", "fixed:s.3.2-3.4", "column use_restrictions"),
        ("licences.csv", "isc,y,ISC,isc,ISC,", "mit,y,ISC,isc,ISC,", "stands in the table twice"),
        ("licences.csv", "isc,y,ISC,isc,ISC,", "isc,y,MIT,isc,ISC,", "both answer to 'mit'"),
        ("licences.csv", "isc,y,ISC,isc,ISC,", "isc,n,ISC,isc,ISC,", "disagree on isc"),
        ("licences.csv", "isc,y,ISC,isc,ISC,", "isc,y,ISC,isc,", "46 cells, the header has 47"),
        ("licences.csv", "id,hf_id,spdx", "id,hf,spdx", "the header differs .* in hf, hf_id"),
        ("licences.csv", "ai2-impact-license-high-risk,2026-11-29", "x,29.11.2026", "column read_on: '29.11.2026'"),
        ("licences.csv", "ai2-impact-license-high-risk,2026-11-29", "x,2026-13", "column read_on"),
        ("licences.csv", "ai2-impact-license-high-risk,2026-11-29", "x,", "column read_on: empty"),
        ("hf_ids.csv", "mit,spdx_current,MIT", "mit,fine,MIT", "column status: 'fine'"),
        ("hf_ids.csv", "mit,spdx_current,MIT\n", "", "disagree on mit"),
        ("clauses.csv", "duty,O-DOC", "duty,O-ANYTHING", r"line 13 \(bigcode-openrail-m\), column value"),
        ("clauses.csv", "lgpl-3.0,compatible,gpl-3.0", "lgpl-3.0,compatible,gpl-9", "column value: 'gpl-9'"),
        ("clauses.csv", "lgpl-3.0,compatible", "lgpl-9,compatible", "column id: not a row"),
        ("clauses.csv", "lgpl-3.0,compatible", "lgpl-3.0,compatibel", "column clause"),
    ],
)
def test_a_broken_table_is_refused_with_row_and_column(folder: Path, file: str, old: str, new: str, said: str) -> None:
    edit(folder / file, old, new)

    with pytest.raises(TableError, match=said):
        catalogue.load(folder)


def test_a_table_that_is_not_there_or_not_text_is_refused_by_name(folder: Path) -> None:
    (folder / "clauses.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(TableError, match=r"clauses\.csv: cannot be read as UTF-8"):
        catalogue.load(folder)

    (folder / "clauses.csv").unlink()
    with pytest.raises(TableError, match=r"clauses\.csv"):
        catalogue.load(folder)


def test_no_licence_is_named_in_the_code_that_decides() -> None:
    ids = {row.id for row in catalogue.all_licences()} | {row.spdx.casefold() for row in catalogue.all_licences()}
    # These words are also a verdict, a plain word, and names of whole families.
    ids -= {"", "unknown", "other", *catalogue.FAMILIES}
    telling = re.compile(
        r"(?<![\w.+-])(?:" + "|".join(re.escape(one) for one in ids if re.search(r"[\d-]", one)) + r")(?![\w+-])"
    )
    named = []
    for path in [*ROOT.glob("licenses/**/*.py"), *ROOT.glob("audits/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole = node.value.strip().casefold()
                if (whole in ids and path.is_relative_to(ROOT / "licenses")) or telling.search(whole):
                    named.append(f"{path.relative_to(ROOT)}:{node.lineno} {whole[:60]!r}")

    assert named == []


def test_what_real_cards_declare_is_a_text_a_family_or_one_of_a_few_known_exceptions() -> None:
    cards = ROOT.parent / "shared" / "data" / "cards"
    if not cards.is_dir():
        pytest.skip(f"{cards} is not here")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    written: Counter[str] = Counter()
    for path in [*cards.glob("models/*.md"), *cards.glob("datasets*/*.md")]:
        front = re.match(r"\s*---\s*\n(.*?)\n---", path.read_text("utf-8", "replace"), re.DOTALL)
        # Only the licence: other fields of real cards do not always parse.
        block = re.search(r"^licen[cs]es?:[^\n]*(?:\n[ -][^\n]*)*", front[1], re.MULTILINE) if front else None
        if block is None:
            continue
        try:
            (declared,) = yaml.load(block[0], loader).values()  # noqa: S506 - a safe loader
        except yaml.YAMLError:
            continue
        written.update(one for one in (declared if isinstance(declared, list) else [declared]) if isinstance(one, str))

    strangers = {name for name in written if catalogue.find(name) is None}

    assert written.total() > 1_500
    # Parts of one corpus, one country's port, a version without its invariants, and the Hub's own placeholder.
    assert {name for name in strangers if not name.startswith("other-")} <= {"cc-by-sa-3.0-at", "gfdl-1.1", "???"}
