import os
import stat
import threading

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment

EMBEDDED = "redis+socket:///somewhere/valkey.sock"
PASSWORD = "pa55-word"


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    """An environment in which nobody has set anything of ours."""
    names = {name for name in os.environ if name.startswith(("ASSAY_", "OIDC_"))}
    names |= {"DATABASE_URL", "MIGRATION_DATABASE_URL", "BROKER_URL", "BLOB_URL", "EMAIL_URL", "PORT", "ALLOWED_HOSTS"}
    for name in names:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def refusal(call) -> str:
    """The message that a setting is refused with; it, and what led to it, must not show the password."""
    with pytest.raises(ImproperlyConfigured) as caught:
        call()
    error = caught.value
    assert PASSWORD not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return str(error)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ASSAY_PUBLIC_URI", "OIDC_ISSUERS", "ASSAY_MAX_UPLOAD"])
def test_a_misspelt_name_stops_the_start_and_is_told_the_right_one(monkeypatch, name):
    monkeypatch.setenv(name, PASSWORD)

    assert f"unknown setting {name}; did you mean " in refusal(environment.refuse_unknown)


def test_an_unknown_name_that_resembles_nothing_is_told_all_names(monkeypatch):
    monkeypatch.setenv("ASSAY_XYZZY", "1")

    assert "ASSAY_MAX_UPLOAD_MB" in refusal(environment.refuse_unknown)


def test_all_documented_names_are_known(monkeypatch):
    for name in ("PUBLIC_URL", "MAX_UPLOAD_MB", "MAX_CARD_MB", "DEBUG", "ALLOW_PYTHON_MODELS", "TEST_RUN"):
        monkeypatch.setenv(f"ASSAY_{name}", "1")

    environment.refuse_unknown()


# --- plain values ----------------------------------------------------------------------------------------------------


def test_a_value_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("hf_abc\n")
    monkeypatch.setenv("HF_TOKEN_FILE", str(tmp_path / "token"))

    assert environment.text("HF_TOKEN", "") == "hf_abc"


def test_a_value_and_a_file_at_once_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", PASSWORD)
    monkeypatch.setenv("HF_TOKEN_FILE", str(tmp_path))

    assert refusal(lambda: environment.text("HF_TOKEN", "")) == "HF_TOKEN and HF_TOKEN_FILE are both set; keep one"


@pytest.mark.parametrize(
    ("contents", "says"), [(None, "No such file"), (b"\xff\xfe", "is not text in UTF-8"), (b" \n", "is empty")]
)
def test_a_file_that_gives_no_value_is_named(monkeypatch, tmp_path, contents, says):
    file = tmp_path / "key"
    if contents is not None:
        file.write_bytes(contents)
    monkeypatch.setenv("SECRET_KEY_FILE", str(file))

    message = refusal(lambda: environment.text("SECRET_KEY"))

    assert message.startswith("SECRET_KEY_FILE: ")
    assert str(file) in message
    assert says in message


def test_a_missing_setting_is_named():
    assert refusal(lambda: environment.text("ASSAY_PUBLIC_URL")) == "ASSAY_PUBLIC_URL is not set"


def test_a_token_with_a_line_break_is_refused_without_being_shown(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", f"{PASSWORD}\nX-Header: 1")

    assert refusal(lambda: environment.word("HF_TOKEN", "")).startswith("HF_TOKEN: one line")


@pytest.mark.parametrize("value", ["0", "65536", "80a", "-1", "８０", "1" * 5000])
def test_a_port_outside_the_range_is_refused(monkeypatch, value):
    monkeypatch.setenv("PORT", value)

    assert refusal(environment.port).startswith("PORT: a whole number from 1 to 65535, not ")


def test_the_port_is_8000_unless_given(monkeypatch):
    assert environment.port() == 8000

    monkeypatch.setenv("PORT", "8017")

    assert environment.port() == 8017


@pytest.mark.parametrize(("value", "is_on"), [("1", True), ("on", True), ("True", True), ("0", False), ("", False)])
def test_a_switch_is_on_or_off(monkeypatch, value, is_on):
    monkeypatch.setenv("ASSAY_DEBUG", value)

    assert environment.flag("ASSAY_DEBUG") is is_on


def test_a_switch_that_is_neither_is_refused(monkeypatch):
    monkeypatch.setenv("ASSAY_DEBUG", "maybe")

    assert refusal(lambda: environment.flag("ASSAY_DEBUG")) == "ASSAY_DEBUG: 1 for on or 0 for off, not 'maybe'"


def test_sizes_are_given_in_megabytes(monkeypatch):
    assert environment.megabytes("ASSAY_MAX_CARD_MB", 5) == 5_000_000

    monkeypatch.setenv("ASSAY_MAX_CARD_MB", "0")

    assert refusal(lambda: environment.megabytes("ASSAY_MAX_CARD_MB", 5)).startswith(
        "ASSAY_MAX_CARD_MB: a whole number"
    )


def test_hosts_are_names_and_addresses():
    given = "assay.example.org, 10.0.0.7,[::1],::1,.example.org,*,localhost"

    assert environment.hosts("ALLOWED_HOSTS", given)[-1] == "localhost"


@pytest.mark.parametrize("host", ["https://assay.example.org", "assay.example.org:8000", "assay.example.org/x", "a b"])
def test_a_host_with_more_than_a_name_is_refused(monkeypatch, host):
    monkeypatch.setenv("ALLOWED_HOSTS", f"localhost,{host}")

    assert refusal(lambda: environment.hosts("ALLOWED_HOSTS")).startswith("ALLOWED_HOSTS: host names with commas")


@pytest.mark.parametrize("value", ["a-b", "x" * 41, 'x"; DROP'])
def test_a_test_run_cannot_be_named_anything(monkeypatch, value):
    monkeypatch.setenv("ASSAY_TEST_RUN", value)

    assert refusal(environment.run_name).startswith("ASSAY_TEST_RUN: ")


# --- addresses -------------------------------------------------------------------------------------------------------


def test_an_address_loses_the_slash_at_its_end(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:5555/")

    assert environment.url("HF_ENDPOINT", ("http", "https"), "https://huggingface.co") == "http://127.0.0.1:5555"


@pytest.mark.parametrize(
    "value",
    [
        "huggingface.co",
        "ftp://host",
        "https://",
        "http://[::1",
        "http://host:99999",
        "http://host:0",
        "https://h/?q=1",
        "https://h/#a",
        f"https://user:{PASSWORD}@host",
        "https://h\x7f/",
    ],
)
def test_an_address_that_is_none_is_refused(monkeypatch, value):
    monkeypatch.setenv("ASSAY_PUBLIC_URL", value)

    message = refusal(lambda: environment.url("ASSAY_PUBLIC_URL", ("http", "https"), None))

    assert message.startswith("ASSAY_PUBLIC_URL: ")


def test_a_database_url_becomes_a_description():
    described = environment.database("postgresql://u:p%40ss@db:5433/assay?sslmode=require")

    address = {name: described[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    assert address == {
        "NAME": "assay",
        "USER": "u",
        "PASSWORD": "p@ss",
        "HOST": "db",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize(
    "value",
    [
        "sqlite:///db.sqlite3",
        f"mysql://u:{PASSWORD}@db/assay",
        f"postgresql://u:{PASSWORD}@db",
        f"postgresql://u:{PASSWORD}%zz@db/assay",
        f"postgresql://u:{PASSWORD}@db:0/assay",
        f"postgresql://u:{PASSWORD}@db:54a/assay",
        f"postgresql://u:{PASSWORD}@db/assay?sslmode=perhaps",
        f"postgresql://u:{PASSWORD}@db/assay?sslmod=require",
        f"postgresql://u:{PASSWORD}@[::1/assay",
        f"postgresql://u:{PASSWORD}\udcff@db/assay",
    ],
)
def test_a_malformed_database_url_is_refused_without_its_password(value):
    assert refusal(lambda: environment.database(value)).startswith("DATABASE_URL: ")


def test_without_a_migration_url_there_is_no_second_role(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/assay")

    assert environment.owner_database() is None


def test_the_owner_may_come_another_way_to_the_same_database(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@pool:6432/assay")
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://owner@db:5432/assay")

    owner = environment.owner_database()

    assert owner is not None
    assert (owner["USER"], owner["HOST"]) == ("owner", "db")


@pytest.mark.parametrize(
    ("application", "owner", "says"),
    [
        ("postgresql://app@db/assay", f"postgresql://o:{PASSWORD}@db/other", "has to name the same database"),
        ("postgresql://app@db/assay", f"http://o:{PASSWORD}@db/assay", "has to begin with postgresql://"),
        ("", f"postgresql://o:{PASSWORD}@db/assay", "goes with DATABASE_URL, which is not set"),
    ],
)
def test_a_wrong_migration_url_is_refused(monkeypatch, application, owner, says):
    monkeypatch.setenv("DATABASE_URL", application)
    monkeypatch.setenv("MIGRATION_DATABASE_URL", owner)

    assert refusal(environment.owner_database) == f"MIGRATION_DATABASE_URL: {says}" + (
        " as DATABASE_URL" if "same" in says else ""
    )


def test_the_embedded_broker_is_used_when_nothing_is_named():
    assert environment.uses_embedded_servers()
    assert environment.broker(embedded=EMBEDDED) == EMBEDDED


def test_whoever_names_a_database_names_the_broker_too(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/assay")

    assert not environment.uses_embedded_servers()
    assert refusal(lambda: environment.broker(embedded=EMBEDDED)).startswith(
        "BROKER_URL is not set: with DATABASE_URL set"
    )


@pytest.mark.parametrize(
    "value", ["amqp://mq", "amqps://u:p@mq:5671//", "redis://kv", "rediss://kv/1", "redis+socket:///run/kv.sock"]
)
def test_these_brokers_are_known(monkeypatch, value):
    monkeypatch.setenv("BROKER_URL", value)

    assert environment.broker(embedded=EMBEDDED) == value


@pytest.mark.parametrize(
    "value",
    ["sqs://", f"filesystem://{PASSWORD}", f"redis://:{PASSWORD}@", "redis+socket://x", f"amqp://u:{PASSWORD}@h:99999"],
)
def test_other_brokers_are_refused_without_their_password(monkeypatch, value):
    monkeypatch.setenv("BROKER_URL", value)

    assert refusal(lambda: environment.broker(embedded=EMBEDDED)).startswith("BROKER_URL: ")


@pytest.mark.parametrize("value", ["/srv/blobs", "file:///srv/blobs", "file:///srv/%62lobs"])
def test_blobs_lie_in_a_folder(monkeypatch, tmp_path, value):
    monkeypatch.setenv("BLOB_URL", value)

    assert str(environment.blob_folder(default=tmp_path)) == "/srv/blobs"


def test_blobs_lie_in_var_unless_told_otherwise(tmp_path):
    assert environment.blob_folder(default=tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (f"s3://key:{PASSWORD}@bucket", "needs the extra"),
        ("blobs", "an absolute path"),
        ("file://server/share", "an absolute path"),
        ("gs://bucket", "an absolute path"),
    ],
)
def test_blobs_elsewhere_are_refused(monkeypatch, tmp_path, value, says):
    monkeypatch.setenv("BLOB_URL", value)

    message = refusal(lambda: environment.blob_folder(default=tmp_path))

    assert message.startswith("BLOB_URL: ")
    assert says in message


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

    found = environment.email()

    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == (host, number)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (starttls, tls)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("u", "p@ss")


def test_mail_through_a_relay_next_door_needs_no_password(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp://localhost?from=assay@example.org")

    found = environment.email()

    assert (found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == (25, False)
    assert found["DEFAULT_FROM_EMAIL"] == "assay@example.org"


def test_mail_can_go_to_the_terminal_or_nowhere(monkeypatch):
    assert environment.email() == {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}

    monkeypatch.setenv("EMAIL_URL", "console:")

    assert environment.email() == {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}


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

    assert refusal(environment.email).startswith("EMAIL_URL: write it as smtp://")


def test_people_sign_in_with_an_identity_provider_when_it_is_whole(monkeypatch):
    assert environment.oidc() is None

    monkeypatch.setenv("OIDC_ISSUER", "https://id.example.org/")
    monkeypatch.setenv("OIDC_CLIENT_SECRET", PASSWORD)

    assert refusal(environment.oidc).startswith("OIDC_CLIENT_ID: not set; ")

    monkeypatch.setenv("OIDC_CLIENT_ID", "assay")

    assert environment.oidc() == {
        "issuer": "https://id.example.org",
        "client_id": "assay",
        "client_secret": PASSWORD,
        "scopes": ["openid", "email", "profile"],
    }


def test_an_identity_provider_without_https_is_refused(monkeypatch):
    for name, value in (("ISSUER", "http://id"), ("CLIENT_ID", "assay"), ("CLIENT_SECRET", PASSWORD)):
        monkeypatch.setenv(f"OIDC_{name}", value)

    assert refusal(environment.oidc) == "OIDC_ISSUER: has to be https:// and a host"


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path):
    folder = tmp_path / "var" / "keys"

    first = environment.secret("SECRET_KEY", made_in=folder)

    assert environment.secret("SECRET_KEY", made_in=folder) == first
    assert len(first) >= 50
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_a_secret_of_ones_own_is_used_instead(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", PASSWORD)

    assert environment.secret("SECRET_KEY", made_in=tmp_path / "keys") == PASSWORD
    assert not (tmp_path / "keys").exists()


def test_without_embedded_servers_a_missing_secret_stops_the_start():
    assert refusal(lambda: environment.secret("SIGNING_KEY", made_in=None)) == "SIGNING_KEY is not set"


def test_all_who_start_at_once_get_the_same_secret(tmp_path):
    found: list[str] = []
    ready = threading.Barrier(8)

    def ask() -> None:
        ready.wait()
        found.append(environment.secret("SECRET_KEY", made_in=tmp_path))

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_draft_left_by_a_killed_process_is_no_secret(tmp_path):
    (tmp_path / "secret_key.draft").write_text("half")

    assert environment.secret("SECRET_KEY", made_in=tmp_path) != "half"
    assert not (tmp_path / "secret_key.draft").exists()


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    environment.secret("SECRET_KEY", made_in=tmp_path)
    (tmp_path / "secret_key").chmod(0o644)

    message = refusal(lambda: environment.secret("SECRET_KEY", made_in=tmp_path))

    assert message == f"SECRET_KEY: others may read {tmp_path}/secret_key; run: chmod 600 {tmp_path}/secret_key"


def test_a_place_that_takes_no_secret_is_named(tmp_path):
    (tmp_path / "keys").write_text("a file, not a folder")

    message = refusal(lambda: environment.secret("SECRET_KEY", made_in=tmp_path / "keys"))

    assert message.startswith(f"SECRET_KEY: cannot keep it in {tmp_path}/keys: ")
    assert message.endswith("set SECRET_KEY_FILE")
