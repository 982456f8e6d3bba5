"""Programs of others that say something of a model's files."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.environment.values import listed, refuse_if_others_write


def scanners() -> dict[str, str]:
    """Other scanners that the file scan asks, ASSAY_SCANNERS: names with commas between, each alone, or with the
    environment that it is installed in as ``name=/folder``. The folder by name, empty where none is given.

    What lies in the folder is run by workers, so nobody but its owner may be able to write there. It need not be there:
    only workers have to have it.
    """
    from audits.files.opinions.names import SCANNERS

    found: dict[str, str] = {}
    for one in listed("ASSAY_SCANNERS"):
        name, equals, folder = one.partition("=")
        if name not in SCANNERS or name in found:
            raise ImproperlyConfigured(
                f"ASSAY_SCANNERS: {' and '.join(SCANNERS)}, each once, alone or as name=/folder, not {one!r}"
            )
        path = Path(folder)
        if equals and not path.is_absolute():
            raise ImproperlyConfigured(f"ASSAY_SCANNERS: {name} with an absolute path of a folder, not {folder!r}")
        if equals and path.exists():
            refuse_if_others_write("ASSAY_SCANNERS", folder)
        found[name] = folder
    return found
