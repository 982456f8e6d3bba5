"""Names of members: what leads out of the folder that an archive is unpacked into, and what is there twice."""

from __future__ import annotations

import unicodedata

from audits.files.places import Place


class Names:
    """The names of one archive, as they come."""

    def __init__(self, place: Place) -> None:
        self._place, self._seen = place, set[str]()

    def take(self, name: str) -> str:
        """Note what is wrong with a name, and give a name that is unique in the archive to report it under."""
        if escapes(name):
            self._place.note("files.path_escapes", name)
        key = unicodedata.normalize("NFC", name)
        shown, count = name, 1
        if key in self._seen:
            self._place.note("files.name_twice", name)
            while f"{key}#{count}" in self._seen:
                count += 1
            key = f"{key}#{count}"
            shown = f"{name}#{count}"
        self._seen.add(key)
        return shown


def escapes(name: str) -> bool:
    """Whether a path is absolute or climbs."""
    parts = name.replace("\\", "/").split("/")
    drive = len(name) > 1 and name[1] == ":" and name[0].isalpha()
    return name.startswith(("/", "\\")) or drive or ".." in parts or "\0" in name
