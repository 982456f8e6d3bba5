"""Which settings with our prefixes there are; another such name is misspelt."""

from __future__ import annotations

import difflib
import os

from django.core.exceptions import ImproperlyConfigured

PREFIXES = ("ASSAY_", "OIDC_")
OWN_NAMES = {
    "ASSAY_ALLOW_PYTHON_MODELS",
    "ASSAY_DEBUG",
    "ASSAY_MAX_CARD_MB",
    "ASSAY_MAX_FETCH_MB",
    "ASSAY_MAX_UPLOAD_MB",
    "ASSAY_METRICS",
    "ASSAY_METRICS_PATH",
    "ASSAY_MODEL_SIGNERS",
    "ASSAY_MODEL_HOSTS",
    "ASSAY_MODEL_SECRETS",
    "ASSAY_NO_PREPARED_STATEMENTS",
    "ASSAY_PUBLIC_URL",
    "ASSAY_SCANNERS",
    "ASSAY_TEST_RUN",
    "ASSAY_TRIAL_DAYS",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "OIDC_CLIENT_SECRET_FILE",
    "OIDC_ISSUER",
    "OIDC_SCOPES",
}


def refuse_unknown() -> None:
    """Refuse names with our prefixes that nothing reads: they are misspelt."""
    unknown = sorted(name for name in os.environ if name.startswith(PREFIXES) and name not in OWN_NAMES)
    if unknown:
        meant = difflib.get_close_matches(unknown[0], OWN_NAMES, 1)
        known = f"did you mean {meant[0]}?" if meant else f"known are {', '.join(sorted(OWN_NAMES))}"
        raise ImproperlyConfigured(f"unknown setting {', '.join(unknown)}; {known}")
