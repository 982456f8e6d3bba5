import os

import pytest


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    """An environment in which nobody has set anything of ours."""
    names = {name for name in os.environ if name.startswith(("ASSAY_", "OIDC_"))}
    names |= {"DATABASE_URL", "MIGRATION_DATABASE_URL", "BROKER_URL", "BLOB_URL", "EMAIL_URL", "PORT", "ALLOWED_HOSTS"}
    for name in names:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
