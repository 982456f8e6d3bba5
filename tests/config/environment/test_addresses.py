"""Addresses: of the product, the database, the broker, the files."""

import pytest

from config.environment import addresses, servers
from tests.config.environment.refusing import PASSWORD, refusal

EMBEDDED = "redis+socket:///somewhere/valkey.sock"


def test_an_address_loses_the_slash_at_its_end(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:5555/")

    assert addresses.url("HF_ENDPOINT", ("http", "https"), "https://huggingface.co") == "http://127.0.0.1:5555"


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

    message = refusal(lambda: addresses.url("ASSAY_PUBLIC_URL", ("http", "https"), None))

    assert message.startswith("ASSAY_PUBLIC_URL: ")


def test_a_database_url_becomes_a_description():
    described = servers.database("postgresql://u:p%40ss@db:5433/assay?sslmode=require")

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
    assert refusal(lambda: servers.database(value)).startswith("DATABASE_URL: ")


def test_without_a_migration_url_there_is_no_second_role(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/assay")

    assert servers.owner_database() is None


def test_the_owner_may_come_another_way_to_the_same_database(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@pool:6432/assay")
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://owner@db:5432/assay")

    owner = servers.owner_database()

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

    assert refusal(servers.owner_database) == f"MIGRATION_DATABASE_URL: {says}" + (
        " as DATABASE_URL" if "same" in says else ""
    )


def test_the_embedded_broker_is_used_when_nothing_is_named():
    assert servers.uses_embedded_servers()
    assert servers.broker(embedded=EMBEDDED) == EMBEDDED


def test_whoever_names_a_database_names_the_broker_too(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/assay")

    assert not servers.uses_embedded_servers()
    assert refusal(lambda: servers.broker(embedded=EMBEDDED)).startswith("BROKER_URL is not set: with DATABASE_URL set")


@pytest.mark.parametrize(
    "value", ["amqp://mq", "amqps://u:p@mq:5671//", "redis://kv", "rediss://kv/1", "redis+socket:///run/kv.sock"]
)
def test_these_brokers_are_known(monkeypatch, value):
    monkeypatch.setenv("BROKER_URL", value)

    assert servers.broker(embedded=EMBEDDED) == value


@pytest.mark.parametrize(
    "value",
    ["sqs://", f"filesystem://{PASSWORD}", f"redis://:{PASSWORD}@", "redis+socket://x", f"amqp://u:{PASSWORD}@h:99999"],
)
def test_other_brokers_are_refused_without_their_password(monkeypatch, value):
    monkeypatch.setenv("BROKER_URL", value)

    assert refusal(lambda: servers.broker(embedded=EMBEDDED)).startswith("BROKER_URL: ")


@pytest.mark.parametrize("value", ["/srv/blobs", "file:///srv/blobs", "file:///srv/%62lobs"])
def test_blobs_lie_in_a_folder(monkeypatch, tmp_path, value):
    monkeypatch.setenv("BLOB_URL", value)

    assert str(servers.blob_folder(default=tmp_path)) == "/srv/blobs"


def test_blobs_lie_in_var_unless_told_otherwise(tmp_path):
    assert servers.blob_folder(default=tmp_path) == tmp_path


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

    message = refusal(lambda: servers.blob_folder(default=tmp_path))

    assert message.startswith("BLOB_URL: ")
    assert says in message
