"""What is trusted and reached where models are: signers, hosts, and secrets that are sent to them."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.environment.values import listed, refuse_if_others_write, text

MODEL_HOST = re.compile(r"([a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\]|[0-9a-f]*:[0-9a-f:.]+)(:[0-9]{1,5})?")


def model_signers() -> list[dict[str, str]]:
    """Public keys and certificates whose signatures of models count: the PEM files in ASSAY_MODEL_SIGNERS, or the one.

    Whoever can write there decides whose models are taken for signed, so nobody but its owner may.
    """
    value = text("ASSAY_MODEL_SIGNERS", "")
    if not value:
        return []
    path = Path(value)
    if not path.is_absolute() or not path.exists():
        raise ImproperlyConfigured(f"ASSAY_MODEL_SIGNERS: an absolute path of a folder or file, not {value!r}")
    refuse_if_others_write("ASSAY_MODEL_SIGNERS", value)
    from audits.files.signatures.signers import BadSigner, signers_of

    try:
        found = pems(value)
        signers_of(found)
    except BadSigner as bad:
        raise ImproperlyConfigured(f"ASSAY_MODEL_SIGNERS: {bad}") from None
    except (OSError, ValueError):
        raise ImproperlyConfigured(f"ASSAY_MODEL_SIGNERS: a file in {value} cannot be read as text") from None
    return found


def pems(path: str) -> list[dict[str, str]]:
    """Texts of keys and certificates with the names of their files: one file, or those of a folder that end in .pem,
    .pub or .crt.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not text, or there is none.
    """
    given = Path(path)
    ends = (".pem", ".pub", ".crt")
    files = sorted(one for one in given.iterdir() if one.suffix in ends) if given.is_dir() else [given]
    if not files:
        raise ValueError("there is no .pem, .pub or .crt file in it")
    return [{"name": one.name, "pem": one.read_text(encoding="ascii")} for one in files]


def model_hosts() -> list[str]:
    """Hosts of models in networks of one's own, ASSAY_MODEL_HOSTS: ``host`` or ``host:port`` with commas between."""
    found = [name.lower() for name in listed("ASSAY_MODEL_HOSTS")]
    for name in found:
        if not MODEL_HOST.fullmatch(name):
            raise ImproperlyConfigured(f"ASSAY_MODEL_HOSTS: host or host:port with commas between, not {name!r}")
    return found


def model_secrets() -> dict[str, str]:
    """What is sent to which model's host, ASSAY_MODEL_SECRETS: ``host=NAME`` with commas between, where NAME is a
    variable of the workers' environment that holds the secret. The secret itself is not written here."""
    found = {}
    for pair in listed("ASSAY_MODEL_SECRETS"):
        host, equals, name = pair.partition("=")
        if not (equals and MODEL_HOST.fullmatch(host.lower()) and re.fullmatch(r"[A-Z][A-Z0-9_]{0,99}", name)):
            raise ImproperlyConfigured(
                "ASSAY_MODEL_SECRETS: host=NAME_OF_A_VARIABLE with commas between; the secret itself stands in that "
                "variable"
            )
        found[host.lower()] = name
    return found
