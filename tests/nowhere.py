"""The environment of a command that has to do without database and broker: both are named, and nobody is there."""

from __future__ import annotations

import os

NOWHERE = {
    "DATABASE_URL": "postgres://nobody:none@127.0.0.1:1/none",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "x" * 60,
    "SIGNING_KEY": "y" * 60,
    "ASSAY_PUBLIC_URL": "https://assay.example.org",
    "ALLOWED_HOSTS": "assay.example.org",
    "PATH": os.environ["PATH"],
}
