"""How mail goes out, and an identity provider."""

import pytest

from config.environment import mail_and_sign_in
from tests.config.environment.refusing import PASSWORD, refusal


@pytest.mark.parametrize(
    ("value", "host", "number", "starttls", "tls"),
    [
        ("smtp://u:p%40ss@mail.example.org", "mail.example.org", 587, True, False),
        ("smtp://u:p%40ss@mail.example.org:2525", "mail.example.org", 2525, True, False),
        ("smtps://u:p%40ss@mail.example.org", "mail.example.org", 465, False, True),
    ],
)
def test_mail_with_a_password_never_goes_in_the_clear(monkeypatch, value, host, number, starttls, tls):
    monkeypatch.setenv("EMAIL_URL", value)

    found = mail_and_sign_in.email()

    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == (host, number)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (starttls, tls)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("u", "p@ss")


def test_mail_through_a_relay_next_door_needs_no_password(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp://localhost?from=assay@example.org")

    found = mail_and_sign_in.email()

    assert (found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == (25, False)
    assert found["DEFAULT_FROM_EMAIL"] == "assay@example.org"


def test_mail_can_go_to_the_terminal_or_nowhere(monkeypatch):
    assert mail_and_sign_in.email() == {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}

    monkeypatch.setenv("EMAIL_URL", "console:")

    assert mail_and_sign_in.email() == {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}


@pytest.mark.parametrize(
    "value",
    [
        "mail.example.org",
        f"imap://u:{PASSWORD}@h",
        f"smtp://u:{PASSWORD}@",
        f"smtp://u:{PASSWORD}/x@h",
        "smtp://h?tls=1",
    ],
)
def test_a_malformed_mail_address_is_refused_without_its_password(monkeypatch, value):
    monkeypatch.setenv("EMAIL_URL", value)

    assert refusal(mail_and_sign_in.email).startswith("EMAIL_URL: write it as smtp://")


def test_people_sign_in_with_an_identity_provider_when_it_is_whole(monkeypatch):
    assert mail_and_sign_in.oidc() is None

    monkeypatch.setenv("OIDC_ISSUER", "https://id.example.org/")
    monkeypatch.setenv("OIDC_CLIENT_SECRET", PASSWORD)

    assert refusal(mail_and_sign_in.oidc).startswith("OIDC_CLIENT_ID: not set; ")

    monkeypatch.setenv("OIDC_CLIENT_ID", "assay")

    assert mail_and_sign_in.oidc() == {
        "issuer": "https://id.example.org",
        "client_id": "assay",
        "client_secret": PASSWORD,
        "scopes": ["openid", "email", "profile"],
    }


def test_an_identity_provider_without_https_is_refused(monkeypatch):
    for name, value in (("ISSUER", "http://id"), ("CLIENT_ID", "assay"), ("CLIENT_SECRET", PASSWORD)):
        monkeypatch.setenv(f"OIDC_{name}", value)

    assert refusal(mail_and_sign_in.oidc) == "OIDC_ISSUER: has to be https:// and a host"
