from __future__ import annotations

import hashlib
import json

import pytest

from audits.cards import CODES, parse
from audits.cards.spec import FIELDS, SECTIONS, score
from audits.kinds.base import SEVERITIES
from tests.audits.cards.cards import GOOD, body, card, codes
from tests.audits.cards.conftest import Find


def test_a_complete_card_has_no_finding_and_the_full_score() -> None:
    parsed = card(GOOD)

    assert parsed.findings == ()
    assert (parsed.verdict, parsed.score) == ("pass", 1.0)


def test_a_card_keeps_its_own_digest_and_size() -> None:
    raw = f"---\n{GOOD}\n---\n{body()}".encode()

    parsed = parse(raw, kind="model")

    assert (parsed.sha256, parsed.size) == (hashlib.sha256(raw).hexdigest(), len(raw))


def test_metadata_are_what_the_author_wrote() -> None:
    parsed = card("license: mit\ninference: false\nwidget:\n- text: Hello\n  n: 3\n  f: 0.5\nempty:")

    assert parsed.metadata == {
        "license": "mit",
        "inference": False,
        "widget": [{"text": "Hello", "n": 3, "f": 0.5}],
        "empty": None,
    }


@pytest.mark.parametrize("raw", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_no_card(raw: bytes, find: Find) -> None:
    parsed = parse(raw, kind="model")

    assert find(parsed, "card.empty").severity == "high"
    assert "card.license.missing" in codes(parsed)
    assert (parsed.verdict, parsed.score, parsed.metadata) == ("fail", 0.0, {})


def test_a_card_without_front_matter_is_a_warning_and_its_text_is_kept(find: Find) -> None:
    parsed = parse(body().encode(), kind="model")

    assert find(parsed, "card.front_matter.missing").severity == "medium"
    assert find(parsed, "card.license.missing").line is None
    assert (parsed.front_matter_lines, parsed.body_offset, parsed.text) == (None, 0, body())
    assert parsed.verdict == "warn"


def test_a_card_of_metadata_only_says_that_it_has_no_text(find: Find) -> None:
    parsed = card(GOOD, "")

    assert find(parsed, "card.body.empty").severity == "medium"
    assert "card.empty" not in codes(parsed)


def test_a_space_needs_no_text() -> None:
    parsed = parse(b"---\ntitle: Letters\nsdk: gradio\nlicense: mit\n---\n", kind="space")

    assert parsed.findings == ()
    assert parsed.score == 1.0


@pytest.mark.parametrize(
    ("front_matter", "verdict"),
    [
        (GOOD, "pass"),
        (GOOD.replace("license: mit", "license: nice"), "fail"),
        (GOOD.replace("license: mit", ""), "warn"),
    ],
)
def test_the_verdict_is_that_of_the_gravest_finding(front_matter: str, verdict: str) -> None:
    assert card(front_matter).verdict == verdict


def test_a_low_finding_alone_passes() -> None:
    parsed = card(GOOD + "\nlanguages: [en]".replace("languages", "model_index"))

    assert {finding.severity for finding in parsed.findings} == {"low"}
    assert parsed.verdict == "pass"


def test_the_score_is_the_share_of_fields_and_sections_that_are_there() -> None:
    parsed = card("license: mit\ntags: []\nlanguage:", body(Evaluation=None, Contact=None))

    assert parsed.score == round((1 + 6) / 14, 4)


def test_the_score_counts_every_expected_part_once() -> None:
    for kind, fields in FIELDS.items():
        assert score(kind=kind, fields=len(fields), sections=len(SECTIONS[kind])) == 1.0
        assert score(kind=kind, fields=0, sections=0) == 0.0


def test_an_unknown_kind_of_repository_is_refused() -> None:
    with pytest.raises(ValueError, match="model, dataset, space"):
        parse(b"", kind="models")


def test_every_code_has_a_known_severity_and_says_something() -> None:
    for code, entry in CODES.items():
        assert code.startswith("card.")
        assert "-" not in code
        assert entry.severity in SEVERITIES
        assert entry.says.endswith(".")
        assert len(set(entry.params)) == len(entry.params)


def test_too_many_findings_of_one_code_are_counted_and_not_listed(find: Find) -> None:
    parsed = card("license: mit\nbase_model: [" + "a b, " * 200 + "]")

    listed = [finding for finding in parsed.findings if finding.code == "card.base_model.not_an_id"]
    assert len(listed) == 50
    assert find(parsed, "card.findings.more").params == {"code": "card.base_model.not_an_id", "count": 150}


def test_metadata_are_json_whatever_yaml_makes_of_them() -> None:
    parsed = card(
        "date: 2024-02-29\nat: 2024-02-29 10:00:00+02:00\nbig: 99999999999999999999\nnan: .nan\ninf: -.inf\n"
        '1: one\ntrue: yes\n~: nothing\nset: !!set {a, b}\nnul: "a\\0b"'
    )

    assert parsed.metadata == {
        "date": "2024-02-29",
        "at": "2024-02-29T10:00:00+02:00",
        "big": "99999999999999999999",
        "nan": ".nan",
        "inf": "-.inf",
        "1": "one",
        "true": True,
        "~": "nothing",
        "set": {"a": None, "b": None},
        "nul": "a\ufffdb",
    }
    json.dumps(parsed.metadata, allow_nan=False)
