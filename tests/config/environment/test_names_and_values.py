"""Names of settings, and values that are read as they are."""

import pytest

from config.environment import names, values
from tests.config.environment.refusing import PASSWORD, refusal


@pytest.mark.parametrize("name", ["ASSAY_PUBLIC_URI", "OIDC_ISSUERS", "ASSAY_MAX_UPLOAD"])
def test_a_misspelt_name_stops_the_start_and_is_told_the_right_one(monkeypatch, name):
    monkeypatch.setenv(name, PASSWORD)

    assert f"unknown setting {name}; did you mean " in refusal(names.refuse_unknown)


def test_an_unknown_name_that_resembles_nothing_is_told_all_names(monkeypatch):
    monkeypatch.setenv("ASSAY_XYZZY", "1")

    assert "ASSAY_MAX_UPLOAD_MB" in refusal(names.refuse_unknown)


def test_all_documented_names_are_known(monkeypatch):
    for name in ("PUBLIC_URL", "MAX_UPLOAD_MB", "MAX_CARD_MB", "DEBUG", "ALLOW_PYTHON_MODELS", "TEST_RUN"):
        monkeypatch.setenv(f"ASSAY_{name}", "1")

    names.refuse_unknown()


def test_a_value_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("hf_abc\n")
    monkeypatch.setenv("HF_TOKEN_FILE", str(tmp_path / "token"))

    assert values.text("HF_TOKEN", "") == "hf_abc"


def test_a_value_and_a_file_at_once_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", PASSWORD)
    monkeypatch.setenv("HF_TOKEN_FILE", str(tmp_path))

    assert refusal(lambda: values.text("HF_TOKEN", "")) == "HF_TOKEN and HF_TOKEN_FILE are both set; keep one"


@pytest.mark.parametrize(
    ("contents", "says"), [(None, "No such file"), (b"\xff\xfe", "is not text in UTF-8"), (b" \n", "is empty")]
)
def test_a_file_that_gives_no_value_is_named(monkeypatch, tmp_path, contents, says):
    file = tmp_path / "key"
    if contents is not None:
        file.write_bytes(contents)
    monkeypatch.setenv("SECRET_KEY_FILE", str(file))

    message = refusal(lambda: values.text("SECRET_KEY"))

    assert message.startswith("SECRET_KEY_FILE: ")
    assert str(file) in message
    assert says in message


def test_a_missing_setting_is_named():
    assert refusal(lambda: values.text("ASSAY_PUBLIC_URL")) == "ASSAY_PUBLIC_URL is not set"


def test_a_token_with_a_line_break_is_refused_without_being_shown(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", f"{PASSWORD}\nX-Header: 1")

    assert refusal(lambda: values.word("HF_TOKEN", "")).startswith("HF_TOKEN: one line")


@pytest.mark.parametrize("value", ["0", "65536", "80a", "-1", "８０", "1" * 5000])
def test_a_port_outside_the_range_is_refused(monkeypatch, value):
    monkeypatch.setenv("PORT", value)

    assert refusal(values.port).startswith("PORT: a whole number from 1 to 65535, not ")


def test_the_port_is_8000_unless_given(monkeypatch):
    assert values.port() == 8000

    monkeypatch.setenv("PORT", "8017")

    assert values.port() == 8017


@pytest.mark.parametrize(("value", "is_on"), [("1", True), ("on", True), ("True", True), ("0", False), ("", False)])
def test_a_switch_is_on_or_off(monkeypatch, value, is_on):
    monkeypatch.setenv("ASSAY_DEBUG", value)

    assert values.flag("ASSAY_DEBUG") is is_on


def test_a_switch_that_is_neither_is_refused(monkeypatch):
    monkeypatch.setenv("ASSAY_DEBUG", "maybe")

    assert refusal(lambda: values.flag("ASSAY_DEBUG")) == "ASSAY_DEBUG: 1 for on or 0 for off, not 'maybe'"


def test_sizes_are_given_in_megabytes(monkeypatch):
    assert values.megabytes("ASSAY_MAX_CARD_MB", 5) == 5_000_000

    monkeypatch.setenv("ASSAY_MAX_CARD_MB", "0")

    assert refusal(lambda: values.megabytes("ASSAY_MAX_CARD_MB", 5)).startswith("ASSAY_MAX_CARD_MB: a whole number")


def test_hosts_are_names_and_addresses():
    given = "assay.example.org, 10.0.0.7,[::1],::1,.example.org,*,localhost"

    assert values.hosts("ALLOWED_HOSTS", given)[-1] == "localhost"


@pytest.mark.parametrize("host", ["https://assay.example.org", "assay.example.org:8000", "assay.example.org/x", "a b"])
def test_a_host_with_more_than_a_name_is_refused(monkeypatch, host):
    monkeypatch.setenv("ALLOWED_HOSTS", f"localhost,{host}")

    assert refusal(lambda: values.hosts("ALLOWED_HOSTS")).startswith("ALLOWED_HOSTS: host names with commas")


@pytest.mark.parametrize("value", ["a-b", "x" * 41, 'x"; DROP'])
def test_a_test_run_cannot_be_named_anything(monkeypatch, value):
    monkeypatch.setenv("ASSAY_TEST_RUN", value)

    assert refusal(values.run_name).startswith("ASSAY_TEST_RUN: ")
