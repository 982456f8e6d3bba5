"""Secrets that are made once, or given."""

import stat
import threading

from config.environment import secrets
from tests.config.environment.refusing import PASSWORD, refusal


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path):
    folder = tmp_path / "var" / "keys"

    first = secrets.secret("SECRET_KEY", made_in=folder)

    assert secrets.secret("SECRET_KEY", made_in=folder) == first
    assert len(first) >= 50
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_a_secret_of_ones_own_is_used_instead(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", PASSWORD)

    assert secrets.secret("SECRET_KEY", made_in=tmp_path / "keys") == PASSWORD
    assert not (tmp_path / "keys").exists()


def test_without_embedded_servers_a_missing_secret_stops_the_start():
    assert refusal(lambda: secrets.secret("SIGNING_KEY", made_in=None)) == "SIGNING_KEY is not set"


def test_all_who_start_at_once_get_the_same_secret(tmp_path):
    found: list[str] = []
    ready = threading.Barrier(8)

    def ask() -> None:
        ready.wait()
        found.append(secrets.secret("SECRET_KEY", made_in=tmp_path))

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_draft_left_by_a_killed_process_is_no_secret(tmp_path):
    (tmp_path / "secret_key.draft").write_text("half")

    assert secrets.secret("SECRET_KEY", made_in=tmp_path) != "half"
    assert not (tmp_path / "secret_key.draft").exists()


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    secrets.secret("SECRET_KEY", made_in=tmp_path)
    (tmp_path / "secret_key").chmod(0o644)

    message = refusal(lambda: secrets.secret("SECRET_KEY", made_in=tmp_path))

    assert message == f"SECRET_KEY: others may read {tmp_path}/secret_key; run: chmod 600 {tmp_path}/secret_key"


def test_a_place_that_takes_no_secret_is_named(tmp_path):
    (tmp_path / "keys").write_text("a file, not a folder")

    message = refusal(lambda: secrets.secret("SECRET_KEY", made_in=tmp_path / "keys"))

    assert message.startswith(f"SECRET_KEY: cannot keep it in {tmp_path}/keys: ")
    assert message.endswith("set SECRET_KEY_FILE")
