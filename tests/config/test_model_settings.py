"""Which models' hosts may be asked beyond public ones, and which variable holds the secret for which host."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from audits.model_settings import allowed
from config.environment import models, names


def test_hosts_and_the_names_of_secrets_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_MODEL_HOSTS", "LLM.inside, 10.0.0.7:8080, [::1]:9000, ::1")
    monkeypatch.setenv("ASSAY_MODEL_SECRETS", "api.example.org=EXAMPLE_KEY,10.0.0.7:8080=OWN_KEY")

    assert models.model_hosts() == ["llm.inside", "10.0.0.7:8080", "[::1]:9000", "::1"]
    assert models.model_secrets() == {"api.example.org": "EXAMPLE_KEY", "10.0.0.7:8080": "OWN_KEY"}
    names.refuse_unknown()


@pytest.mark.parametrize("value", ["http://llm.inside", "llm.inside/v1", "a b", "user@host", "*"])
def test_a_host_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ASSAY_MODEL_HOSTS", value)

    with pytest.raises(ImproperlyConfigured, match="ASSAY_MODEL_HOSTS: host or host:port"):
        models.model_hosts()


@pytest.mark.parametrize("value", ["host", "host=sk-secret", "=NAME", "host="])
def test_a_secret_itself_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ASSAY_MODEL_SECRETS", value)

    with pytest.raises(ImproperlyConfigured, match="ASSAY_MODEL_SECRETS: host=NAME_OF_A_VARIABLE") as refused:
        models.model_secrets()

    assert "sk-secret" not in str(refused.value)


def test_nothing_is_allowed_unless_it_is_said(settings: Settings) -> None:
    nothing = allowed()
    settings.ALLOW_PYTHON_MODELS = True

    assert (nothing.hosts, nothing.secrets, nothing.python) == (frozenset(), {}, False)
    assert allowed().python
